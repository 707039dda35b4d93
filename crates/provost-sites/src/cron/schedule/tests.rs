//! The promises of the schedule, on simulated fleets.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// What a simulated site does: how long its scheduled and its ad hoc runs take, if it has any.
#[derive(Debug, Clone, Copy)]
struct Behaviour {
    phase: u64,
    scheduled: Option<Millis>,
    adhoc: Option<Millis>,
}

/// One run of a simulation.
#[derive(Debug, Clone, Copy)]
struct Ran {
    site: usize,
    lane: Lane,
    due: Millis,
    start: Millis,
}

/// Runs a fleet of sites that are always due, and says what began when. Processes at once never go over the budget.
fn simulate(period: Millis, budget: Budget, sites: &[Behaviour], until: Millis) -> Vec<Ran> {
    let phases = sites.iter().map(|site| site.phase).enumerate();
    let mut schedule = Schedule::new(period, budget, 0, phases);
    let mut ends: BTreeSet<(Millis, usize, Lane)> = BTreeSet::new();
    let mut ran = Vec::new();
    let mut now = 0;
    while now < until {
        while let Some((at, site, lane)) = ends.first().copied() {
            if at > now {
                break;
            }
            ends.remove(&(at, site, lane));
            schedule.ended(&site, lane);
        }
        for site in schedule.ticks(now) {
            if sites[site].scheduled.is_some() {
                schedule.due(&site, Lane::Scheduled, now);
            }
            if sites[site].adhoc.is_some() {
                schedule.due(&site, Lane::Adhoc, now);
            }
        }
        for Start { site, lane, due } in schedule.start(now) {
            let takes = match lane {
                Lane::Scheduled => sites[site].scheduled,
                Lane::Adhoc => sites[site].adhoc,
            };
            ends.insert((now + takes.unwrap_or(1).max(1), site, lane));
            ran.push(Ran { site, lane, due, start: now });
        }
        assert!(schedule.runs(Lane::Adhoc) <= budget.adhoc);
        assert!(schedule.runs(Lane::Scheduled) <= budget.scheduled + budget.long);
        let wake = schedule.next_wake(now).unwrap_or(until);
        let end = ends.first().map_or(until, |(at, ..)| *at);
        let next = wake.min(end);
        assert!(next > now, "time stands still at {now}");
        now = next;
    }
    ran
}

fn fleet(
    count: std::ops::Range<usize>,
    takes: std::ops::Range<Millis>,
) -> impl Strategy<Value = Vec<Behaviour>> {
    let one = (any::<u64>(), takes.clone(), prop::option::of(takes))
        .prop_map(|(phase, scheduled, adhoc)| Behaviour { phase, scheduled: Some(scheduled), adhoc });
    prop::collection::vec(one, count)
}

const PERIOD: Millis = 60_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Also where the machine carries far less than is asked of it.
    #[test]
    fn nobody_starves_and_turns_are_fair(sites in fleet(2..60, 1..30_000), workers in 3_usize..12) {
        let ran = simulate(PERIOD, Budget::of(workers), &sites, 60 * PERIOD);
        let mut turns: BTreeMap<(usize, Lane), usize> = BTreeMap::new();
        for run in &ran {
            *turns.entry((run.site, run.lane)).or_default() += 1;
        }
        for lane in [Lane::Scheduled, Lane::Adhoc] {
            let asked: Vec<usize> = (0..sites.len())
                .filter(|site| lane == Lane::Scheduled || sites[*site].adhoc.is_some())
                .collect();
            let counts: Vec<usize> = asked.iter().map(|site| turns.get(&(*site, lane)).copied().unwrap_or(0)).collect();
            let (least, most) = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
            prop_assert!(least > 0 || counts.is_empty(), "{lane:?}: {counts:?}");
            // Who waits longest goes first, so nobody gets two turns more often than another gets one, but for the grid of ticks.
            prop_assert!(most <= 2 * least + 2, "{lane:?}: {counts:?}");
        }
    }

    /// While the runs fit into the period, every site begins within its period and one slot: the longest run.
    #[test]
    fn nobody_is_later_than_a_period_and_a_slot_while_capacity_suffices(
        sites in fleet(1..80, 1..2_000), workers in 4_usize..12, stuck in any::<prop::sample::Index>(),
    ) {
        let budget = Budget::of(workers);
        let mut sites = sites;
        let load: Millis = sites.iter().filter_map(|site| site.scheduled).sum();
        prop_assume!(load <= (budget.scheduled as u64) * PERIOD * 7 / 10);
        let slot = sites.iter().filter_map(|site| site.scheduled).max().unwrap_or(0);
        for with_stuck in [false, true] {
            let victim = stuck.index(sites.len());
            if with_stuck {
                // One that never ends costs one place, and only until it counts as long.
                sites[victim].scheduled = Some(Millis::MAX / 4);
            }
            let until = 30 * PERIOD;
            let ran = simulate(PERIOD, budget, &sites, until);
            let ran: Vec<&Ran> = ran.iter().filter(|run| run.lane == Lane::Scheduled).collect();
            let mut before: BTreeMap<usize, Millis> = BTreeMap::new();
            for run in ran {
                if with_stuck && (run.site == victim || budget.scheduled < 2) {
                    continue;
                }
                prop_assert!(run.start - run.due <= PERIOD + slot, "{run:?}");
                if let Some(before) = before.insert(run.site, run.start) {
                    prop_assert!(run.start - before <= 2 * PERIOD + slot, "{run:?} after {before}");
                }
            }
        }
    }

    /// A site whose runs never end takes one place of one part, and the others go on as if it were not there.
    #[test]
    fn a_stuck_site_costs_one_place_only(sites in fleet(3..40, 1..1_000), workers in 8_usize..12) {
        let budget = Budget::of(workers);
        let mut with = sites.clone();
        with[0] = Behaviour { phase: 0, scheduled: Some(Millis::MAX / 4), adhoc: Some(Millis::MAX / 4) };
        let until = 20 * PERIOD;
        let count = |sites: &[Behaviour], budget| {
            let ran = simulate(PERIOD, budget, sites, until);
            let mut turns: BTreeMap<(usize, Lane), usize> = BTreeMap::new();
            for run in ran.iter().filter(|run| run.site != 0) {
                *turns.entry((run.site, run.lane)).or_default() += 1;
            }
            turns
        };
        let less = Budget { scheduled: budget.scheduled - 1, adhoc: budget.adhoc - 1, long: budget.long };
        let (stuck, fewer) = (count(&with, budget), count(&sites[..], less));
        for (who, turns) in &fewer {
            prop_assert!(stuck.get(who).copied().unwrap_or(0) + 1 >= *turns, "{who:?}: {stuck:?} {fewer:?}");
        }
        prop_assert_eq!(simulate(PERIOD, budget, &with, until).iter().filter(|run| run.site == 0).count(), 2);
    }
}

#[test]
fn the_budget_is_cut_and_every_part_has_one() {
    let parts = |workers| {
        let budget = Budget::of(workers);
        (budget.scheduled, budget.adhoc, budget.long)
    };
    assert_eq!(
        [0, 3, 4, 6, 8, 12].map(parts),
        [(1, 1, 1), (1, 1, 1), (2, 1, 1), (4, 1, 1), (4, 2, 2), (6, 3, 3)]
    );
    assert_eq!([0, 1, 2, 8].map(|cores| Budget::for_cores(cores).workers()), [4, 4, 6, 24]);
}

#[test]
fn sites_that_begin_together_are_spread_over_the_period() {
    let mut schedule =
        Schedule::new(PERIOD, Budget::of(4), 1_000, (0..60_u64).map(|site| (site, site * 1_000)));
    let ticks: Vec<usize> = (1..=60).map(|second| schedule.ticks(second * 1_000).len()).collect();
    assert_eq!(ticks, [1; 60]);
}

#[test]
fn after_a_long_sleep_each_site_ticks_once() {
    let mut schedule = Schedule::new(PERIOD, Budget::of(4), 0, [("a", 0), ("b", 30_000)]);
    assert_eq!(schedule.ticks(10 * PERIOD + 1), ["a", "b"]);
    assert_eq!(schedule.ticks(10 * PERIOD + 1), [""; 0]);
    assert_eq!(schedule.next_wake(10 * PERIOD + 1), Some(10 * PERIOD + 30_000));
}

#[test]
fn a_site_that_is_put_off_keeps_its_phase() {
    let mut schedule = Schedule::new(PERIOD, Budget::of(4), 0, [("a", 5_000)]);
    schedule.put_off(&"a", 3 * PERIOD);
    assert!(schedule.ticks(3 * PERIOD).is_empty());
    assert_eq!(schedule.ticks(3 * PERIOD + 5_000), ["a"]);
}

#[test]
fn what_is_no_longer_due_does_not_run() {
    let mut schedule = Schedule::new(PERIOD, Budget::of(4), 0, [("a", 0)]);
    schedule.due(&"a", Lane::Adhoc, 0);
    schedule.not_due(&"a", Lane::Adhoc);
    assert!(schedule.start(1).is_empty());
}

#[test]
fn the_forecast_is_what_fits_into_the_period() {
    let budget = Budget { scheduled: 4, adhoc: 1, long: 1 };
    assert_eq!(carries(budget, PERIOD, 500), 480);
    assert_eq!(carries(budget, PERIOD, 0), 240_000);
}
