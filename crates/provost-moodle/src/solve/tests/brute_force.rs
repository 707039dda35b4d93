//! Small codebases at random, and all that could be chosen for them, tried.

use proptest::prelude::*;

use super::*;
use crate::fit::{misfits, with_moodle};
use crate::solve::probe::is_given_up;

const NAMES: [&str; 4] = ["local_aa", "local_bb", "local_cc", "local_dd"];
/// The Moodle of the tests: version 50, branch 405.
const MOODLE: (u64, u32) = (2_024_100_700, 405);

/// Whether it needs a newer Moodle and whether it is incompatible, what it supports, and its dependencies by place.
type Drawn = (bool, bool, Option<(u32, u32)>, Vec<(usize, u64)>);

fn candidate() -> impl Strategy<Value = Option<Drawn>> {
    let supported = prop::option::weighted(
        0.5,
        prop::sample::select(vec![(401, 404), (404, 405), (405, 500), (500, 501)]),
    );
    // Places beyond the names stand for a plugin of Moodle's and for one that is nowhere.
    let dependencies = prop::collection::vec((0usize..6, 0u64..32), 0..3);
    let body = (prop::bool::weighted(0.15), prop::bool::weighted(0.1), supported, dependencies);
    prop::option::weighted(0.95, body)
}

fn world() -> impl Strategy<Value = World> {
    let pinned = prop::option::weighted(0.2, 0usize..3);
    let plugin = (pinned, prop::collection::vec(candidate(), 1..4));
    prop::collection::vec(plugin, 1..=4).prop_map(|plugins| {
        let plugins = plugins.into_iter().zip(NAMES).map(|((pinned, candidates), name)| {
            let facts: Vec<Facts> =
                candidates.into_iter().enumerate().map(|(at, candidate)| made(at, candidate)).collect();
            (name, pinned.filter(|&pinned| pinned < facts.len()), facts)
        });
        World::new(plugins.collect())
    })
}

/// Versions fall: 30, 20, 10.
fn made(at: usize, candidate: Option<Drawn>) -> Facts {
    let (too_new, incompatible, supported, dependencies) = candidate.ok_or("unreadable")?;
    let mut facts = facts(30 - 10 * at as u64, "").expect("plain");
    facts.requires = too_new.then(|| version(2_025_041_400));
    facts.incompatible = incompatible.then_some(405);
    facts.supported = supported;
    facts.dependencies = dependencies
        .into_iter()
        .map(|(other, number)| {
            let other =
                NAMES.get(other).copied().unwrap_or(if other == 4 { "mod_forum" } else { "tool_absent" });
            let dependency = if number < 5 { Dependency::Any } else { Dependency::AtLeast(version(number)) };
            (component(other), dependency)
        })
        .collect();
    Ok(facts)
}

/// Every way to take one candidate of each plugin of a set, and none of the others.
fn ways(world: &World, set: &BTreeSet<&Component>) -> Vec<BTreeMap<Component, usize>> {
    let mut ways = vec![BTreeMap::new()];
    for (component, (pinned, facts)) in world.plugins.iter().filter(|(component, _)| set.contains(component))
    {
        let candidates =
            (0..facts.len()).filter(|at| pinned.is_none_or(|pinned| pinned == *at) && facts[*at].is_ok());
        let candidates: Vec<usize> = candidates.collect();
        ways = ways
            .iter()
            .flat_map(|way| {
                candidates.iter().map(|&at| {
                    let mut way = way.clone();
                    way.insert(component.clone(), at);
                    way
                })
            })
            .collect();
    }
    ways
}

fn at<'w>(world: &'w World, component: &Component, candidate: usize) -> &'w PluginVersion {
    world.plugins[component].1[candidate].as_ref().expect("readable")
}

/// Whether a way fits, where plugins that are declared but not in it satisfy everything.
fn fits(world: &World, moodle: &Moodle, way: &BTreeMap<Component, usize>) -> bool {
    let mut present = moodle.plugins.clone();
    present.extend(world.plugins.keys().map(|component| (component.clone(), version(1_000))));
    present.extend(
        way.iter().map(|(component, &candidate)| {
            (component.clone(), at(world, component, candidate).version.clone())
        }),
    );
    way.iter().all(|(component, &candidate)| {
        !misfits(at(world, component, candidate), moodle, &present).iter().any(Misfit::is_hard)
    })
}

/// Whether a candidate counts as supported: it, and none before it was given up before this Moodle.
fn counts_as_supported(world: &World, moodle: &Moodle, component: &Component, candidate: usize) -> bool {
    let (pinned, facts) = &world.plugins[component];
    let given_up = facts.iter().take(candidate).flatten().any(|facts| is_given_up(facts, moodle));
    let soft = with_moodle(at(world, component, candidate), moodle).iter().any(|misfit| !misfit.is_hard());
    pinned.is_some() || !given_up && !soft
}

/// The best way: support of the first plugin first, then of the second …; then versions.
fn best(world: &World, moodle: &Moodle) -> Option<BTreeMap<Component, usize>> {
    let ways = ways(world, &world.plugins.keys().collect());
    ways.into_iter().filter(|way| fits(world, moodle, way)).max_by_key(|way| {
        let supported = way
            .iter()
            .map(|(component, &candidate)| counts_as_supported(world, moodle, component, candidate));
        let versions =
            way.iter().map(|(component, &candidate)| at(world, component, candidate).version.clone());
        (supported.collect::<Vec<_>>(), versions.collect::<Vec<_>>())
    })
}

fn blocks(world: &World, moodle: &Moodle, set: &BTreeSet<&Component>) -> bool {
    !ways(world, set).iter().any(|way| fits(world, moodle, way))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn finds_what_trying_everything_finds(mut world in world()) {
        let moodle = moodle(MOODLE.0, MOODLE.1);
        let found = world.solve(moodle.clone());
        let best = best(&world, &moodle);
        match (found, best) {
            (Ok(solution), Some(best)) => {
                let taken: BTreeMap<Component, usize> =
                    solution.choices.iter().map(|(component, chosen)| (component.clone(), chosen.candidate)).collect();
                prop_assert_eq!(taken, best);
                for chosen in solution.choices.values() {
                    prop_assert_eq!(chosen.passed_over.len(), if chosen.pinned { 0 } else { chosen.candidate });
                    for passed in &chosen.passed_over {
                        prop_assert!(!passed.reasons.is_empty() && !passed.reasons.contains(&Reason::NotNewer));
                    }
                }
            }
            (Err(failure), None) => check_failure(&world, &moodle, &failure)?,
            (found, best) => prop_assert!(false, "{found:?} but {best:?}"),
        }
    }

    #[test]
    fn the_order_of_answers_does_not_matter(world in world()) {
        let moodle = moodle(MOODLE.0, MOODLE.1);
        let mut all_at_once = world.solver(moodle.clone());
        for (component, (_, facts)) in &world.plugins {
            for (candidate, facts) in facts.iter().enumerate() {
                all_at_once.supply(&Need { component: component.clone(), candidate }, facts.clone());
            }
        }
        let mut world = world;
        match (all_at_once.step(), world.solve(moodle)) {
            (Step::Solved(at_once), Ok(driven)) => prop_assert_eq!(at_once, driven),
            // Where several sets are the smallest, any of them may come first.
            (Step::Failed(at_once), Err(driven)) => {
                let smallest = |failure: &Failure| failure.blocking.first().map(|blocking| blocking.members.len());
                prop_assert_eq!(smallest(&at_once), smallest(&driven));
            }
            (at_once, driven) => prop_assert!(false, "{at_once:?} but {driven:?}"),
        }
    }
}

fn names(blocking: &Blocking) -> BTreeSet<Component> {
    blocking.members.iter().map(|member| member.component.clone()).collect()
}

fn check_failure(world: &World, moodle: &Moodle, failure: &Failure) -> Result<(), TestCaseError> {
    let mut rest: BTreeSet<&Component> = world.plugins.keys().collect();
    for blocking in &failure.blocking {
        let names = names(blocking);
        let set: BTreeSet<&Component> = names.iter().collect();
        prop_assert!(blocks(world, moodle, &set), "{set:?} does not block");
        for member in &set {
            let mut fewer = set.clone();
            fewer.remove(member);
            prop_assert!(!blocks(world, moodle, &fewer), "{member} is not needed in {set:?}");
        }
        let smallest =
            subsets(&rest).into_iter().filter(|set| blocks(world, moodle, set)).map(|set| set.len()).min();
        prop_assert_eq!(Some(set.len()), smallest);
        prop_assert!(set.iter().all(|member| rest.contains(member)), "sets share a plugin");
        rest.retain(|component| !set.contains(component));
        for member in &blocking.members {
            prop_assert!(!member.passed_over.is_empty() || member.left.is_some());
        }
        for advice in &blocking.advice {
            if let Advice::Instead { component, version, .. } = advice {
                let mut moved = World { plugins: world.plugins.clone(), asked: BTreeSet::new() };
                let (pinned, facts) = moved.plugins.get_mut(component).expect("declared");
                *pinned = facts
                    .iter()
                    .position(|facts| facts.as_ref().is_ok_and(|facts| facts.version == *version));
                prop_assert!(!blocks(&moved, moodle, &set), "{advice} does not help");
            }
        }
    }
    prop_assert!(!blocks(world, moodle, &rest), "{rest:?} blocks too");
    prop_assert!(!failure.blocking.is_empty() && !failure.to_string().is_empty());
    Ok(())
}

fn subsets<'a>(all: &BTreeSet<&'a Component>) -> Vec<BTreeSet<&'a Component>> {
    let mut subsets = vec![BTreeSet::new()];
    for &member in all {
        let with: Vec<_> = subsets
            .iter()
            .cloned()
            .map(|mut set: BTreeSet<&Component>| {
                set.insert(member);
                set
            })
            .collect();
        subsets.extend(with);
    }
    subsets
}
