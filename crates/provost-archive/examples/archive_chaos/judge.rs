//! What a campaign must not have done, looked for in the world and in the registry.

use std::collections::{BTreeMap, BTreeSet};

use provost_archive::ends::UnitKey;
use provost_archive::ends::scripted::{Course, Fate};
use provost_archive::phases::ReceiptVerifier;
use provost_archive::receipt::Key;
use provost_engine::registry::{Page, Phase, Query, Registry, Seq, State, Unit};
use serde_json::json;

use crate::campaign::Outcome;
use crate::scene::{Result, SESSION, Scene};
use crate::worker::{FLEET, TAG};

/// Rows that are read at once.
const PAGE: u32 = 1000;

/// All units.
async fn units(registry: &dyn Registry) -> Result<Vec<Unit>> {
    let mut all = Vec::new();
    let mut query = Query { limit: PAGE, ..Query::default() };
    loop {
        let Page { units, next } = registry.page(SESSION, &query).await?;
        all.extend(units);
        query.after = next;
        if query.after.is_none() {
            return Ok(all);
        }
    }
}

/// Units that wait for a person only because their workers were killed, or connections cut, too often in one phase.
pub(crate) async fn parked_by_kills(registry: &dyn Registry) -> Result<Vec<Seq>> {
    let states = vec![State::Parked, State::Stuck];
    let page = registry.page(SESSION, &Query { states, limit: PAGE, ..Query::default() }).await?;
    let bad_luck = |error: &str| error.contains("its worker died") || error.contains("was cut");
    let unlucky = page.units.iter().filter(|unit| unit.error.as_deref().is_some_and(bad_luck));
    Ok(unlucky.map(|unit| unit.seq).collect())
}

/// The verdict.
pub(crate) async fn judge(
    scene: &Scene,
    registry: &dyn Registry,
    courses: i64,
    kills: u64,
    seconds: u64,
) -> Result<Outcome> {
    let world = scene.world()?;
    let units = units(registry).await?;
    let source: BTreeMap<i64, Course> = world.courses("source")?.into_iter().collect();
    let mut copies: BTreeMap<UnitKey, Vec<Course>> = BTreeMap::new();
    let mut strays = 0;
    for (_, course) in world.courses("target")? {
        match course.of.clone() {
            Some(key) => copies.entry(key).or_default().push(course),
            None => strays += 1,
        }
    }
    let mut verdict = Verdict { findings: Vec::new(), counts: BTreeMap::new() };
    verdict.must(units.len() == usize::try_from(courses)?, || format!("{} units", units.len()));
    verdict.must(strays == 0, || format!("{strays} courses of the target are nobody's"));
    let proven = receipts(scene, registry, &mut verdict).await?;
    for unit in &units {
        let key = UnitKey::new(FLEET, TAG, unit.seq.unsigned_abs())?;
        let own = copies.remove(&key).unwrap_or_default();
        let original = source.get(&unit.source_id.unwrap_or_default());
        verdict.unit(scene, unit, original, &own, proven.contains(&unit.seq));
    }
    verdict.must(copies.is_empty(), || format!("copies of no unit: {:?}", copies.keys().next()));
    for deed in world.deeds()?.iter().filter(|deed| deed.what != "restored") {
        let seq = deed.key.as_str().rsplit('-').next().and_then(|text| text.parse::<Seq>().ok());
        let has = seq.is_some_and(|seq| proven.contains(&seq));
        verdict.must(has, || format!("{} was {} without a receipt", deed.key, deed.what));
    }
    finished_once(registry, &mut verdict).await?;
    let json = json!({
        "campaign": "archive-chaos",
        "registry": registry.name(),
        "seed": scene.seed,
        "units": courses,
        "kills": kills,
        "seconds": seconds,
        "ends": verdict.counts,
        "receipts": proven.len(),
        "findings": verdict.findings.len(),
    });
    Ok(Outcome { findings: verdict.findings, json })
}

struct Verdict {
    findings: Vec<String>,
    counts: BTreeMap<String, u64>,
}

impl Verdict {
    fn must(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.findings.push(what());
        }
    }

    fn unit(
        &mut self,
        scene: &Scene,
        unit: &Unit,
        original: Option<&Course>,
        copies: &[Course],
        proven: bool,
    ) {
        let (label, place) = (&unit.label, unit.place);
        *self.counts.entry(format!("{} {}", place.phase, place.state)).or_default() += 1;
        let fate = scene.script().fate(unit.source_id.unwrap_or_default());
        self.must(copies.len() <= 1, || format!("{label} was restored {} times", copies.len()));
        let whole = copies.first().is_some_and(|copy| copy.whole && copy.post_processed > 0);
        let same = copies.first().is_some_and(|copy| copy.content == format!("what {label} holds"));
        match place.state {
            State::Done => {
                self.must(fate == Fate::Good, || format!("{label} is done, and its fate was {fate:?}"));
                self.must(whole && same, || format!("{label} is done, and its copy is not whole"));
                self.must(proven, || format!("{label} is done without a receipt"));
                self.must(original.is_none(), || format!("{label} is done, and its original is there"));
                self.must(place.phase == Phase::Delete, || format!("{label} is done in {}", place.phase));
            }
            State::Undone => {
                self.must(copies.is_empty(), || format!("{label} was given up, and its copy is there"));
                let there = original.is_some_and(|course| course.visible);
                self.must(there, || format!("{label} was given up, and its original is gone or hidden"));
            }
            State::Parked => {
                let at = match fate {
                    Fate::Incomplete => Some(Phase::Prepare),
                    Fate::Throws => Some(Phase::Restore),
                    Fate::Damaged => Some(Phase::Prove),
                    Fate::Good => None,
                };
                self.must(at == Some(place.phase), || {
                    format!("{label} ({fate:?}) is parked in {}: {:?}", place.phase, unit.error)
                });
                self.must(original.is_some(), || format!("{label} is parked, and its original is gone"));
                self.must(!proven, || format!("{label} is parked with a receipt"));
            }
            other => {
                self.findings.push(format!("{label} is left {other} in {}: {:?}", place.phase, unit.error));
            }
        }
    }
}

/// The units with a receipt that the campaign's key verifies.
async fn receipts(scene: &Scene, registry: &dyn Registry, verdict: &mut Verdict) -> Result<BTreeSet<Seq>> {
    let verifier = ReceiptVerifier(Key::read_or_make(&scene.paths())?.public());
    let mut proven = BTreeSet::new();
    let mut after = None;
    loop {
        let page = registry.receipts(SESSION, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(proven) };
        after = Some(last.unit);
        for stored in page {
            let unit = stored.unit;
            verdict.must(stored.verify(&verifier).is_ok(), || {
                format!("the receipt of unit {unit} is not valid")
            });
            proven.insert(unit);
        }
    }
}

/// No phase of any unit was begun after it had been recorded as finished.
async fn finished_once(registry: &dyn Registry, verdict: &mut Verdict) -> Result<()> {
    let mut finished: BTreeSet<(Seq, Phase)> = BTreeSet::new();
    let mut after = None;
    loop {
        let page = registry.events(SESSION, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.unit, last.n));
        for event in page {
            let ended = matches!(event.kind.as_str(), "finished" | "proved");
            let again = finished.contains(&(event.unit, event.from));
            let runs = ended || event.kind == "started";
            verdict.must(!(again && runs), || {
                format!("unit {} was {} in {} after that had ended", event.unit, event.kind, event.from)
            });
            if ended {
                finished.insert((event.unit, event.from));
            }
        }
    }
}
