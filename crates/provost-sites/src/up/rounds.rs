//! Reloads of the running services, one for many sites.
//!
//! A reload costs every site of the fleet something: php-fpm starts itself anew and forgets all that it has compiled, nginx its
//! workers. So sites that are to be served while others are still being made wait for each other, a bounded time, and one reload serves
//! them all. Whoever waits first leads: it waits until the round is due, and does it for everybody who came meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use provost_engine::context::Context;
use provost_fleet::model::Fleet;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::UpError;
use super::probe::Place;
use super::serving::{self, Answer, Serving, Taken, see, serving};

/// Least time between two rounds while other work goes on. A first page after a reload compiles some 1,500 files, a second or two of a
/// core: at this distance the sites that are served lose little to those that are being made, and nobody waits long for a new one.
const DISTANCE: Duration = Duration::from_secs(5);

/// The rounds of one command.
#[derive(Debug, Default)]
pub struct Rounds {
    /// Whether other work goes on, after which more sites may come.
    others: AtomicBool,
    /// Wakes the leader when no other work goes on.
    changed: Notify,
    waiting: Mutex<Waiting>,
    /// Held by the leader; the time at which the last round ended.
    leads: tokio::sync::Mutex<Option<Instant>>,
    /// First pages that are looked at side by side, as many as there are cores: each keeps one busy, and who waits for one runs out of
    /// patience.
    pages: OnceLock<Semaphore>,
}

/// Who waits for a round.
#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    requests: Vec<Request>,
    /// Those whose round was done, until they have seen it.
    served: std::collections::BTreeSet<u64>,
}

#[derive(Debug, Clone)]
struct Request {
    number: u64,
    place: Place,
    answer: Answer,
    pools: Pools,
}

/// What a site's change means to php-fpm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pools {
    /// A pool came, went or changed.
    Changed,
    /// It listens for the site as it is (see [`crate::seat`]).
    AsTheyAre,
}

impl Rounds {
    /// Says whether other work goes on, after which more sites may come.
    pub fn others_run(&self, others: bool) {
        self.others.store(others, Ordering::SeqCst);
        if !others {
            self.changed.notify_waiters();
            self.changed.notify_one();
        }
    }

    /// Has the running services read their files again, together with whoever else asks for it, and waits until a host answers as it is
    /// to.
    ///
    /// # Errors
    /// When nginx does not take the files, or the host does not answer as it is to.
    pub async fn reload(
        &self,
        cx: &Context,
        fleet: &Fleet,
        place: &Place,
        answer: Answer,
        pools: Pools,
    ) -> Result<Taken, UpError> {
        if serving(&cx.paths) == Serving::Down {
            return Ok(Taken::NothingRuns);
        }
        let number = self.join(place, answer, pools);
        let result = self.told(&cx.cancel, number, async |requests| round(cx, fleet, &requests).await).await;
        self.leave(number);
        result?;
        let pages = self.pages.get_or_init(|| Semaphore::new(cx.machine.cores.max(1)));
        let _page = pages.acquire().await;
        see(cx, fleet, place, answer).await
    }

    /// Waits until the round that a request belongs to is done, or does it for all that wait.
    async fn told(
        &self,
        cancel: &CancellationToken,
        number: u64,
        round: impl AsyncFnOnce(Vec<Request>) -> Result<(), UpError>,
    ) -> Result<(), UpError> {
        let mut last = self.leads.lock().await;
        if self.is_served(number) {
            return Ok(());
        }
        self.until_due(cancel, *last).await;
        let requests = self.all();
        let result = round(requests.clone()).await;
        *last = Some(Instant::now());
        if result.is_ok() {
            // Who failed tells it; the others try for themselves, and each has its own error.
            self.note_served(&requests);
        }
        result
    }

    /// Waits until a round is due: at once, unless one was just done and more sites may come.
    async fn until_due(&self, cancel: &CancellationToken, last: Option<Instant>) {
        let Some(due) = last.map(|last| last + DISTANCE) else { return };
        while self.others.load(Ordering::SeqCst) && Instant::now() < due {
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep_until(due) => {}
                () = cancel.cancelled() => return,
            }
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, place: &Place, answer: Answer, pools: Pools) -> u64 {
        let mut waiting = self.waiting();
        waiting.next += 1;
        let number = waiting.next;
        waiting.requests.push(Request { number, place: place.clone(), answer, pools });
        number
    }

    fn leave(&self, number: u64) {
        let mut waiting = self.waiting();
        waiting.requests.retain(|request| request.number != number);
        waiting.served.remove(&number);
    }

    fn is_served(&self, number: u64) -> bool {
        self.waiting().served.contains(&number)
    }

    fn all(&self) -> Vec<Request> {
        self.waiting().requests.clone()
    }

    fn note_served(&self, requests: &[Request]) {
        let mut waiting = self.waiting();
        let numbers: Vec<u64> = requests.iter().map(|request| request.number).collect();
        waiting.requests.retain(|request| !numbers.contains(&request.number));
        waiting.served.extend(numbers);
    }
}

/// One reload for all. nginx must not hand requests to a pool that is not there: not yet, or no more.
async fn round(cx: &Context, fleet: &Fleet, requests: &[Request]) -> Result<(), UpError> {
    let _one = serving::FILES.lock().await;
    serving::check_nginx(cx).await?;
    if requests.iter().all(|request| request.pools == Pools::AsTheyAre) {
        serving::reload_nginx(cx).await;
        return Ok(());
    }
    let Some(closing) = requests.iter().find(|request| !request.answer.needs_pool()) else {
        serving::reload_pools(cx).await;
        serving::reload_nginx(cx).await;
        return Ok(());
    };
    serving::reload_nginx(cx).await;
    // nginx takes all files up at once: one speaks for all. What it answers instead is told to who asked for it.
    see(cx, fleet, &closing.place, closing.answer).await.ok();
    serving::reload_pools(cx).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;

    use super::*;

    struct Counted {
        rounds: Rounds,
        done: AtomicUsize,
        cancel: CancellationToken,
    }

    impl Counted {
        async fn one(&self) -> Result<(), UpError> {
            let number = self.rounds.join(&Place::parse("host"), Answer::Login, Pools::Changed);
            let told = self.rounds.told(&self.cancel, number, async |_| {
                self.done.fetch_add(1, Ordering::SeqCst);
                Ok(())
            });
            let told = told.await;
            self.rounds.leave(number);
            told
        }

        async fn many(&self) {
            assert!(join_all((0..50).map(|_| self.one())).await.iter().all(Result::is_ok));
        }

        fn done(&self) -> usize {
            self.done.load(Ordering::SeqCst)
        }
    }

    fn counted() -> Counted {
        Counted { rounds: Rounds::default(), done: AtomicUsize::new(0), cancel: CancellationToken::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn many_are_served_by_one_reload_and_the_first_does_not_wait() {
        let all = counted();
        all.rounds.others_run(true);
        let begun = Instant::now();
        all.one().await.unwrap();
        assert_eq!((all.done(), begun.elapsed()), (1, Duration::ZERO));
        all.many().await;
        assert_eq!((all.done(), begun.elapsed()), (2, DISTANCE));
        assert!(all.rounds.waiting().requests.is_empty() && all.rounds.waiting().served.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_when_no_more_can_come() {
        let all = counted();
        all.rounds.others_run(true);
        all.one().await.unwrap();
        let begun = Instant::now();
        let mut many = Box::pin(all.many());
        assert!(many.as_mut().now_or_never().is_none());
        all.rounds.others_run(false);
        many.await;
        assert_eq!((all.done(), begun.elapsed()), (2, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn each_has_its_own_error() {
        let all = counted();
        let fail = async |_| Err(UpError::Missing("nginx"));
        let first = all.rounds.join(&Place::parse("one"), Answer::Login, Pools::Changed);
        let second = all.rounds.join(&Place::parse("two"), Answer::Nothing, Pools::Changed);
        assert!(all.rounds.told(&all.cancel, first, fail).await.is_err());
        all.rounds.leave(first);
        assert!(!all.rounds.is_served(second));
        assert!(all.rounds.told(&all.cancel, second, fail).await.is_err());
    }
}
