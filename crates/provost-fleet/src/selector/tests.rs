use proptest::prelude::*;

use super::*;

/// A site of which nothing is known but what it says.
#[derive(Debug, Clone)]
struct Told {
    name: &'static str,
    tags: Vec<&'static str>,
    codebase: &'static str,
    state: Option<&'static str>,
    moodle: Option<&'static str>,
}

impl SiteFacts for Told {
    fn texts(&self, key: TextKey) -> Option<Vec<String>> {
        let one = |text: &str| Some(vec![text.to_owned()]);
        match key {
            TextKey::Name => one(self.name),
            TextKey::Tag => Some(self.tags.iter().map(|tag| (*tag).to_owned()).collect()),
            TextKey::Url => Some(vec![format!("https://{}.example.org", self.name)]),
            TextKey::Host => Some(vec![format!("{}.example.org", self.name)]),
            TextKey::Codebase => one(self.codebase),
            TextKey::Database => one("main"),
            TextKey::Template => Some(Vec::new()),
            TextKey::State => self.state.map(|state| vec![state.to_owned()]),
        }
    }

    fn version(&self, key: &VersionKey) -> Option<Option<Version>> {
        match key {
            VersionKey::Moodle => self.moodle.map(Version::leading),
            VersionKey::Plugin(_) => Some(None),
        }
    }
}

fn hugo() -> Told {
    Told {
        name: "hugo",
        tags: vec!["lyon", "pilot"],
        codebase: "lts",
        state: Some("installed"),
        moodle: Some("4.5.2+ (Build: 20250301)"),
    }
}

fn chosen(text: &str, site: &Told) -> Answer {
    text.parse::<Selector>().unwrap().matches(site)
}

#[test]
fn sites_are_chosen_by_what_they_are() {
    let yes = [
        "*",
        "hugo",
        "h?g*",
        "lyon",
        "!paris",
        "paris | lyon",
        "lyon & pilot",
        "lyon&!(paris|zola)",
        "tag:pil*",
        "codebase:lts & moodle<5",
        "url:https://hugo.example.org",
        "host:*.example.org",
        "moodle=4.5",
        "moodle>=4.5",
        "moodle<=4.5",
        "moodle>4.5.1",
        "moodle<4.5.3",
        "state : installed",
        "!template:*",
        "!mod_quiz>1",
        "!!hugo",
    ];
    let no =
        ["Hugo", "hug", "moodle>4.5", "moodle<4.5", "mod_quiz>=0", "name:lyon", "tag:hugo", "lyon & !pilot"];
    for text in yes {
        assert_eq!(chosen(text, &hugo()), Answer::Yes, "{text}");
    }
    for text in no {
        assert_eq!(chosen(text, &hugo()), Answer::No, "{text}");
    }
}

#[test]
fn what_is_not_known_is_neither_yes_nor_no() {
    let rests = Told { state: None, moodle: None, ..hugo() };
    for text in ["moodle<5", "!moodle<5", "state:installed & hugo", "zola | moodle=4.5"] {
        assert_eq!(chosen(text, &rests), Answer::Unknown, "{text}");
    }
    assert_eq!(chosen("hugo | moodle<5", &rests), Answer::Yes);
    assert_eq!(chosen("zola & moodle<5", &rests), Answer::No);
}

#[test]
fn faults_say_where_and_what_to_do() {
    let texts = [
        "",
        "lyon &",
        "| lyon",
        "(lyon",
        "lyon)",
        "lyon pilot",
        "codebas:lts",
        "weather:fine",
        "moodle:4.5",
        "tag=x",
        "moodle<lts",
        "moodle<+4",
        "codebase:",
        "(lyon pilot)",
        "Nope<3",
    ];
    let told: Vec<String> = texts
        .iter()
        .map(|text| {
            let fault = text.parse::<Selector>().unwrap_err();
            format!("{fault}\n    {}", fault.hint)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    let deep = format!("{}a", "!".repeat(100_000));
    assert!(deep.parse::<Selector>().unwrap_err().message.contains("too deep"));
}

#[test]
fn words_without_a_wildcard_are_known() {
    let selector: Selector = "hugo | tag:lyno & zol* & moodle<5".parse().unwrap();
    assert_eq!(selector.literals(), ["hugo", "lyno"]);
    assert!(selector.asks_live() && !"hugo | codebase:lts".parse::<Selector>().unwrap().asks_live());
}

fn selector() -> impl Strategy<Value = Selector> {
    let glob = || "[a-z*?._/-]{1,6}".prop_map(Glob::new);
    let key = proptest::sample::select(TEXT_KEYS.map(|(_, key)| key).to_vec());
    let comparison = proptest::sample::select(Comparison::SIGNS.map(|(_, sign)| sign).to_vec());
    let version = proptest::collection::vec(0_u64..9, 1..4).prop_map(|parts| {
        Version::parse(&parts.iter().map(u64::to_string).collect::<Vec<_>>().join(".")).unwrap()
    });
    let what = prop_oneof![Just(VersionKey::Moodle), Just(VersionKey::Plugin("mod_quiz".parse().unwrap()))];
    let leaf = prop_oneof![
        glob().prop_map(Selector::Word),
        (key, glob()).prop_map(|(key, glob)| Selector::Text(key, glob)),
        (what, comparison, version).prop_map(|(key, sign, version)| Selector::Version(key, sign, version)),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Selector::Any),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Selector::All),
            inner.prop_map(|part| Selector::Not(Box::new(part))),
        ]
    })
}

fn site() -> impl Strategy<Value = Told> {
    use proptest::sample::{select, subsequence};
    (
        select(vec!["hugo", "zola", "a"]),
        subsequence(vec!["lyon", "b", "pilot"], 0..=3),
        select(vec!["lts", "next"]),
        proptest::option::of(select(vec!["installed", "disabled"])),
        proptest::option::of(select(vec!["4.5.2+ (Build: 20250301)", "5.1dev", "3", "no number"])),
    )
        .prop_map(|(name, tags, codebase, state, moodle)| Told { name, tags, codebase, state, moodle })
}

proptest! {
    #[test]
    fn every_selection_reads_back_as_it_is_written(selector in selector()) {
        prop_assert_eq!(selector.to_string().parse::<Selector>(), Ok(selector));
    }

    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,40}|[a-z!&|():<>=*. ]{0,40}") {
        if let Ok(read) = text.parse::<Selector>() {
            prop_assert_eq!(read.to_string().parse::<Selector>(), Ok(read));
        }
    }

    #[test]
    fn not_turns_either_around(one in selector(), two in selector(), site in site()) {
        let not = |part: &Selector| Selector::Not(Box::new(part.clone()));
        let either = not(&Selector::Any(vec![one.clone(), two.clone()]));
        let both = Selector::All(vec![not(&one), not(&two)]);
        prop_assert_eq!(either.matches(&site), both.matches(&site));
    }

    /// Who acts on a certain answer is right whatever the unknown turns out to be.
    #[test]
    fn a_certain_answer_stays(selector in selector(), site in site()) {
        let known = Told {
            state: site.state.or(Some("installed")),
            moodle: site.moodle.or(Some("4.5")),
            ..site.clone()
        };
        let before = selector.matches(&site);
        prop_assert!(before == Answer::Unknown || before == selector.matches(&known));
    }

    #[test]
    fn exactly_one_of_below_is_and_above_holds(is in "[0-9](\\.[0-9]){0,3}", given in "[0-9](\\.[0-9]){0,3}") {
        let (is, given) = (Version::parse(&is).unwrap(), Version::parse(&given).unwrap());
        let holds = [Comparison::Below, Comparison::Is, Comparison::Above].map(|one| one.holds(&is, &given));
        prop_assert_eq!(holds.iter().filter(|one| **one).count(), 1);
        prop_assert_eq!(Comparison::AtMost.holds(&is, &given), !holds[2]);
        prop_assert_eq!(Comparison::AtLeast.holds(&is, &given), !holds[0]);
    }

    #[test]
    fn a_glob_matches_what_it_was_made_of(text in "[a-z]{0,12}", from in 0..12_usize, to in 0..12_usize) {
        let (from, to) = (from.min(to).min(text.len()), to.max(from).min(text.len()));
        let glob = Glob::new(format!("{}*{}", &text[..from], &text[to..]));
        prop_assert!(glob.matches(&text));
        prop_assert!(Glob::new("?".repeat(text.len())).matches(&text));
        prop_assert!(!Glob::new("?".repeat(text.len() + 1)).matches(&text));
    }
}
