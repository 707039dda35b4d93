//! Driving the solver: it says which candidates it needs to know, they are brought here, until it is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use provost_fleet::model::Codebase;
use provost_moodle::component::Component;
use provost_moodle::solve::{Declared, Need, Solution, Solver, Step};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::ResolveCause;
use super::candidate::{Candidate, Choice};
use super::moodle::Moodle;
use super::needed;
use super::plugin::Plugin;
use super::resolver::Resolver;

/// Plugins asked for or fetched at once. Public git servers answer that many from one address without slowing down.
const AT_ONCE: usize = 8;

/// The plugins that go together on a Moodle, and why they.
pub(super) async fn solve(
    resolver: &Resolver,
    moodle: &Moodle,
    codebase: &Codebase,
) -> Result<(BTreeMap<Component, Plugin>, Solution), ResolveCause> {
    let choices = choices(resolver, moodle, codebase).await?;
    let declared =
        choices.iter().filter(|(_, choice)| !choice.candidates.is_empty()).map(|(component, choice)| {
            let candidates = choice.candidates.iter().map(|candidate| candidate.label.clone()).collect();
            (component.clone(), Declared { candidates, pinned: choice.pinned })
        });
    let mut facts = moodle.facts.clone();
    for (component, choice) in &choices {
        if choice.candidates.is_empty() {
            needed::without(moodle, &mut facts.plugins, component);
        }
    }
    let mut solver = Solver::new(facts, declared.collect());
    let mut loaded = BTreeMap::new();
    loop {
        match solver.step() {
            Step::Need(needs) => {
                let mut broken = Vec::new();
                for (need, plugin) in load(resolver, &choices, needs).await? {
                    match plugin {
                        Ok(plugin) => {
                            solver.supply_bundled(plugin.bundled.clone());
                            solver.supply(&need, Ok(plugin.version.clone()));
                            loaded.insert(need, plugin);
                        }
                        Err(cause) if is_final(&cause, &choices, &need) => broken.push(cause),
                        Err(cause) => solver.supply(&need, Err(chain(&cause))),
                    }
                }
                if let Some(cause) = ResolveCause::of_all(broken) {
                    return Err(cause);
                }
            }
            Step::Solved(solution) => {
                let taken = solution.choices.iter().filter_map(|(component, chosen)| {
                    let need = Need { component: component.clone(), candidate: chosen.candidate };
                    Some((component.clone(), loaded.remove(&need)?))
                });
                let plugins = taken.collect();
                return Ok((plugins, solution));
            }
            Step::Failed(failure) => return Err(ResolveCause::NoFit(Box::new(failure))),
        }
    }
}

/// Whether there is no sense in looking further: the plugin has nothing else to choose from, nobody can be
/// asked, or what came is not what was published.
fn is_final(cause: &ResolveCause, choices: &BTreeMap<Component, Choice>, need: &Need) -> bool {
    let only = choices
        .get(&need.component)
        .is_none_or(|choice| choice.candidates.len() == 1 || choice.pinned == Some(need.candidate));
    only || cause.is_cancelled() || cause.is_unreachable() || cause.is_other_content()
}

/// Finds what can be chosen for each plugin, a few at a time.
async fn choices(
    resolver: &Resolver,
    moodle: &Moodle,
    codebase: &Codebase,
) -> Result<BTreeMap<Component, Choice>, ResolveCause> {
    let branch = moodle.facts.branch;
    let work = codebase.plugins.iter().map(|(component, source)| {
        let (resolver, component, source) = (resolver.clone(), component.clone(), source.clone());
        async move {
            let choice = resolver.candidates(&component, &source, branch).await;
            (component, choice)
        }
    });
    let (mut chosen, mut broken) = (BTreeMap::new(), Vec::new());
    for (component, choice) in together(work).await? {
        match choice {
            Ok(choice) => drop(chosen.insert(component, choice)),
            Err(cause) => broken.push(cause),
        }
    }
    match ResolveCause::of_all(broken) {
        None => Ok(chosen),
        Some(cause) => Err(cause),
    }
}

type Loaded = BTreeMap<Need, Result<Plugin, ResolveCause>>;

/// Brings candidates here, a few at a time.
async fn load(
    resolver: &Resolver,
    choices: &BTreeMap<Component, Choice>,
    needs: Vec<Need>,
) -> Result<Loaded, ResolveCause> {
    let candidate = |need: &Need| -> Option<Candidate> {
        choices.get(&need.component)?.candidates.get(need.candidate).cloned()
    };
    let work = needs.into_iter().filter_map(|need| {
        let (resolver, candidate) = (resolver.clone(), candidate(&need)?);
        Some(async move {
            let plugin = Plugin::load(&resolver, &need.component, &candidate).await;
            (need, plugin)
        })
    });
    together(work).await
}

/// Does things at once, but not too many. Dropped, it ends them.
async fn together<K: Ord + Send + 'static, V: Send + 'static>(
    work: impl Iterator<Item = impl Future<Output = (K, V)> + Send + 'static>,
) -> Result<BTreeMap<K, V>, ResolveCause> {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for one in work {
        let room = room.clone();
        running.spawn(async move {
            let _room = room.acquire().await;
            one.await
        });
    }
    let mut done = BTreeMap::new();
    while let Some(one) = running.join_next().await {
        let (key, value) = one.map_err(|panic| ResolveCause::Broke(panic.to_string()))?;
        done.insert(key, value);
    }
    Ok(done)
}

fn chain(cause: &ResolveCause) -> String {
    provost_engine::execute::full_chain(cause)
}
