//! The pure part: what may follow on what.

use proptest::prelude::*;

use super::acts::take::runs;
use super::{Move, Phase, Place, SessionOrder, SessionState, State, transition};

const GOALS: [Phase; 3] = [Phase::Prove, Phase::Hide, Phase::Delete];

fn moves() -> Vec<Move> {
    let mut all = vec![
        Move::Started,
        Move::Lost,
        Move::Released,
        Move::Failed,
        Move::Parked,
        Move::Skipped,
        Move::Retried,
        Move::Cancelled { begun: false },
        Move::Cancelled { begun: true },
        Move::UndoStarted,
        Move::UndoFinished,
        Move::Approved,
        Move::Wished,
        Move::Note,
    ];
    for goal in GOALS {
        all.extend([Move::Finished { goal }, Move::Proved { goal }, Move::Extended { goal }]);
    }
    all
}

fn places() -> impl Iterator<Item = Place> {
    Phase::ALL.into_iter().flat_map(|phase| State::ALL.into_iter().map(move |state| Place { phase, state }))
}

/// Every place and move has an answer; this is the table of those that move within a phase like any other.
#[test]
fn the_table_within_a_phase() {
    let mut table = String::new();
    for state in State::ALL {
        for by in moves() {
            let at = Place { phase: Phase::Backup, state };
            let shown = match by {
                Move::Finished { goal } | Move::Proved { goal } | Move::Extended { goal }
                    if goal != Phase::Prove =>
                {
                    continue;
                }
                Move::Cancelled { begun } => format!("cancelled, begun {begun}"),
                Move::Note | Move::Wished | Move::Approved => continue,
                by => by.word().to_owned(),
            };
            if let Ok(to) = transition(at, by) {
                table.push_str(&format!("{state} + {shown} = {to}\n"));
            }
        }
    }
    insta::assert_snapshot!(table, @r"
    waiting + started = running in phase backup
    waiting + parked = parked in phase backup
    waiting + skipped = skipped in phase backup
    waiting + cancelled, begun false = cancelling in phase backup
    waiting + cancelled, begun true = cancelling in phase backup
    running + lost = waiting in phase backup
    running + released = waiting in phase backup
    running + failed = failed in phase backup
    running + parked = parked in phase backup
    running + finished = running in phase transport
    failed + started = running in phase backup
    failed + parked = parked in phase backup
    failed + skipped = skipped in phase backup
    failed + retried = waiting in phase backup
    failed + cancelled, begun false = cancelling in phase backup
    failed + cancelled, begun true = cancelling in phase backup
    parked + skipped = skipped in phase backup
    parked + retried = waiting in phase backup
    parked + cancelled, begun false = cancelling in phase backup
    parked + cancelled, begun true = cancelling in phase backup
    skipped + retried = waiting in phase backup
    skipped + cancelled, begun false = cancelling in phase backup
    skipped + cancelled, begun true = cancelling in phase backup
    done + cancelled, begun false = cancelling in phase backup
    done + cancelled, begun true = cancelling in phase backup
    done + extended = waiting in phase transport
    cancelling + parked = stuck in phase backup
    cancelling + undo_started = undoing in phase backup
    undoing + lost = cancelling in phase backup
    undoing + released = cancelling in phase backup
    undoing + failed = cancelling in phase backup
    undoing + parked = stuck in phase backup
    undoing + undo_finished = undone in phase backup
    stuck + retried = cancelling in phase backup
    ");
}

/// Where the phases differ.
#[test]
fn the_table_between_phases() {
    let mut table = String::new();
    for phase in Phase::ALL {
        for goal in GOALS {
            for by in [Move::Finished { goal }, Move::Proved { goal }] {
                if let Ok(to) = transition(Place { phase, state: State::Running }, by) {
                    table.push_str(&format!("{phase} {} to {goal} = {to}\n", by.word()));
                }
            }
            if let Ok(to) = transition(Place { phase, state: State::Done }, Move::Extended { goal }) {
                table.push_str(&format!("{phase} extended to {goal} = {to}\n"));
            }
        }
        for (state, begun) in [(State::Waiting, false), (State::Waiting, true), (State::Done, true)] {
            if let Ok(to) = transition(Place { phase, state }, Move::Cancelled { begun }) {
                table.push_str(&format!("{phase} {state} cancelled, begun {begun} = {to}\n"));
            }
        }
    }
    insta::assert_snapshot!(table, @r"
    prepare finished to prove = running in phase backup
    prepare extended to prove = waiting in phase backup
    prepare finished to hide = running in phase backup
    prepare extended to hide = waiting in phase backup
    prepare finished to delete = running in phase backup
    prepare extended to delete = waiting in phase backup
    prepare waiting cancelled, begun false = undone in phase prepare
    prepare waiting cancelled, begun true = cancelling in phase prepare
    prepare done cancelled, begun true = cancelling in phase prepare
    backup finished to prove = running in phase transport
    backup extended to prove = waiting in phase transport
    backup finished to hide = running in phase transport
    backup extended to hide = waiting in phase transport
    backup finished to delete = running in phase transport
    backup extended to delete = waiting in phase transport
    backup waiting cancelled, begun false = cancelling in phase backup
    backup waiting cancelled, begun true = cancelling in phase backup
    backup done cancelled, begun true = cancelling in phase backup
    transport finished to prove = running in phase restore
    transport extended to prove = waiting in phase restore
    transport finished to hide = running in phase restore
    transport extended to hide = waiting in phase restore
    transport finished to delete = running in phase restore
    transport extended to delete = waiting in phase restore
    transport waiting cancelled, begun false = cancelling in phase transport
    transport waiting cancelled, begun true = cancelling in phase transport
    transport done cancelled, begun true = cancelling in phase transport
    restore finished to prove = running in phase post_process
    restore extended to prove = waiting in phase post_process
    restore finished to hide = running in phase post_process
    restore extended to hide = waiting in phase post_process
    restore finished to delete = running in phase post_process
    restore extended to delete = waiting in phase post_process
    restore waiting cancelled, begun false = cancelling in phase restore
    restore waiting cancelled, begun true = cancelling in phase restore
    restore done cancelled, begun true = cancelling in phase restore
    post_process finished to prove = running in phase prove
    post_process extended to prove = waiting in phase prove
    post_process finished to hide = running in phase prove
    post_process extended to hide = waiting in phase prove
    post_process finished to delete = running in phase prove
    post_process extended to delete = waiting in phase prove
    post_process waiting cancelled, begun false = cancelling in phase post_process
    post_process waiting cancelled, begun true = cancelling in phase post_process
    post_process done cancelled, begun true = cancelling in phase post_process
    prove proved to prove = done in phase prove
    prove proved to hide = running in phase hide
    prove extended to hide = waiting in phase hide
    prove proved to delete = running in phase hide
    prove extended to delete = waiting in phase hide
    prove waiting cancelled, begun false = cancelling in phase prove
    prove waiting cancelled, begun true = cancelling in phase prove
    prove done cancelled, begun true = cancelling in phase prove
    hide finished to prove = done in phase hide
    hide finished to hide = done in phase hide
    hide finished to delete = waiting in phase delete
    hide extended to delete = waiting in phase delete
    hide waiting cancelled, begun false = cancelling in phase hide
    hide waiting cancelled, begun true = cancelling in phase hide
    hide done cancelled, begun true = cancelling in phase hide
    delete finished to prove = done in phase delete
    delete finished to hide = done in phase delete
    delete finished to delete = done in phase delete
    delete waiting cancelled, begun false = cancelling in phase delete
    ");
}

#[test]
fn no_move_leads_back_and_a_phase_is_left_only_by_ending_well() {
    for at in places() {
        for by in moves() {
            let Ok(to) = transition(at, by) else { continue };
            assert!(to.phase >= at.phase, "{at} {by:?}");
            if to.phase > at.phase {
                assert_eq!(Some(to.phase), at.phase.next(), "{at} {by:?}");
                let ended = matches!(by, Move::Finished { .. } | Move::Proved { .. });
                assert!(
                    ended || (at.state == State::Done && matches!(by, Move::Extended { .. })),
                    "{at} {by:?}"
                );
            }
        }
    }
}

#[test]
fn only_a_receipt_leads_past_prove() {
    for at in places().filter(|at| !at.phase.needs_receipt()) {
        for by in moves().into_iter().filter(|by| !matches!(by, Move::Proved { .. })) {
            let Ok(to) = transition(at, by) else { continue };
            // What is done at `prove` has its receipt: there is no other way to be done there.
            let proved = at == Place { phase: Phase::Prove, state: State::Done };
            assert!(proved || !to.phase.needs_receipt(), "{at} {by:?}");
            assert!(proved || to != Place { phase: Phase::Prove, state: State::Done }, "{at} {by:?}");
        }
    }
}

#[test]
fn a_source_is_deleted_only_by_who_claims_it_for_that() {
    for at in places().filter(|at| *at != (Place { phase: Phase::Delete, state: State::Running })) {
        for by in moves() {
            let Ok(to) = transition(at, by) else { continue };
            let running = to == Place { phase: Phase::Delete, state: State::Running };
            assert!(
                !running || matches!(by, Move::Started | Move::Note | Move::Wished | Move::Approved),
                "{at} {by:?}"
            );
        }
    }
}

#[test]
fn orders_of_a_session() {
    let orders = [
        SessionOrder::Run,
        SessionOrder::Pause,
        SessionOrder::Stop,
        SessionOrder::Cancel,
        SessionOrder::End { failed: false },
        SessionOrder::End { failed: true },
        SessionOrder::Interrupt,
    ];
    let mut table = String::new();
    for state in SessionState::ALL {
        for order in orders {
            if let Some(after) = state.after(order) {
                table.push_str(&format!("{} + {order:?} = {}\n", state.word(), after.word()));
            }
        }
    }
    insta::assert_snapshot!(table, @r"
    drafting + Run = running
    drafting + Cancel = cancelling
    drafting + End { failed: false } = done
    drafting + End { failed: true } = failed
    drafting + Interrupt = interrupted
    running + Run = running
    running + Pause = paused
    running + Stop = stopping
    running + Cancel = cancelling
    running + End { failed: false } = done
    running + End { failed: true } = failed
    running + Interrupt = interrupted
    paused + Run = running
    paused + Pause = paused
    paused + Stop = stopping
    paused + Cancel = cancelling
    paused + End { failed: false } = done
    paused + End { failed: true } = failed
    paused + Interrupt = interrupted
    stopping + Run = running
    stopping + Pause = paused
    stopping + Stop = stopping
    stopping + Cancel = cancelling
    stopping + End { failed: false } = done
    stopping + End { failed: true } = failed
    stopping + Interrupt = interrupted
    cancelling + Run = cancelling
    cancelling + Cancel = cancelling
    cancelling + End { failed: false } = done
    cancelling + End { failed: true } = failed
    cancelling + Interrupt = interrupted
    done + Run = running
    done + Cancel = cancelling
    done + End { failed: false } = done
    done + End { failed: true } = failed
    done + Interrupt = interrupted
    failed + Run = running
    failed + Cancel = cancelling
    failed + End { failed: false } = done
    failed + End { failed: true } = failed
    failed + Interrupt = interrupted
    interrupted + Run = running
    interrupted + Cancel = cancelling
    interrupted + End { failed: false } = done
    interrupted + End { failed: true } = failed
    interrupted + Interrupt = interrupted
    ");
}

#[test]
fn words_are_read_as_they_are_written() {
    assert!(Phase::ALL.into_iter().all(|phase| Phase::parse(phase.word()) == Some(phase)));
    assert!(State::ALL.into_iter().all(|state| State::parse(state.word()) == Some(state)));
    assert!(SessionState::ALL.into_iter().all(|state| SessionState::parse(state.word()) == Some(state)));
}

#[test]
fn neighbouring_phases_are_one_range() {
    assert_eq!(runs(&Phase::ALL), [(0, 7)]);
    assert_eq!(runs(&[Phase::Delete, Phase::Backup, Phase::Prepare, Phase::Hide]), [(6, 7), (0, 1)]);
    assert!(runs(&[]).is_empty());
}

proptest! {
    /// Whatever happens to a unit: each phase ends well at most once, and in order; it is held only after it was taken; and what was
    /// given up after its source was to be deleted was not given up.
    #[test]
    fn a_life_of_a_unit(steps in prop::collection::vec(any::<prop::sample::Index>(), 1..200)) {
        let moves = moves();
        let mut at = Place::START;
        let mut ended: Vec<Phase> = Vec::new();
        for step in steps {
            let by = *step.get(&moves);
            let Ok(to) = transition(at, by) else { continue };
            if matches!(by, Move::Finished { .. } | Move::Proved { .. }) {
                prop_assert!(ended.iter().all(|phase| *phase < at.phase));
                ended.push(at.phase);
            }
            if to.state.is_held() && !at.state.is_held() {
                prop_assert!(matches!(by, Move::Started | Move::UndoStarted), "{:?}", by);
            }
            if to.phase == Phase::Hide || to.phase == Phase::Delete {
                prop_assert!(ended.contains(&Phase::Prove));
            }
            at = to;
        }
        prop_assert_eq!(ended.len(), Phase::ALL.iter().filter(|phase| ended.contains(phase)).count());
    }
}
