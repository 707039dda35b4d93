//! Either database is a [`Registry`]: every function is an act.

use jiff::Timestamp;

use super::acts::{draft, look, manoeuvre, session, take, tell};
use super::claim::{Beat, Claim, Claiming, Failure, Findings, Held, Outcome, Owner, Report, Then};
use super::command::{Command, Selection};
use super::database::Backend;
use super::page::{Event, Page, Query};
use super::phase::Phase;
use super::receipt::{Receipt, StoredReceipt};
use super::session::{NewSession, Session, SessionId, SessionOrder, SessionState};
use super::totals::Totals;
use super::unit::{NewUnit, Seq, Unit};
use super::{Answer, Registry};

impl<B: Backend> Registry for B {
    fn name(&self) -> &'static str {
        B::NAME
    }

    fn clock(&self) -> Answer<'_, Timestamp> {
        Box::pin(self.perform(session::Clock))
    }

    fn draft<'a>(&'a self, session: &'a NewSession, now: Timestamp) -> Answer<'a, SessionId> {
        Box::pin(self.perform(session::Draft { session: session.clone(), now }))
    }

    fn add<'a>(&'a self, session: SessionId, units: &'a [NewUnit]) -> Answer<'a, ()> {
        Box::pin(self.perform(draft::Add { session, units: units.to_vec() }))
    }

    fn order(&self, session: SessionId, order: SessionOrder) -> Answer<'_, SessionState> {
        Box::pin(self.perform(session::Order { session, order }))
    }

    fn set_orders<'a>(
        &'a self,
        session: SessionId,
        orders: &'a serde_json::Value,
        seen: i64,
    ) -> Answer<'a, Option<i64>> {
        Box::pin(self.perform(session::SetOrders { session, orders: orders.clone(), seen }))
    }

    fn session(&self, session: SessionId) -> Answer<'_, Option<Session>> {
        let found = self.perform(session::Sessions { only: Some(session), name: None, limit: 1 });
        Box::pin(async { Ok(found.await?.pop()) })
    }

    fn sessions<'a>(&'a self, name: Option<&'a str>, limit: u32) -> Answer<'a, Vec<Session>> {
        let name = name.map(str::to_owned);
        Box::pin(self.perform(session::Sessions { only: None, name, limit }))
    }

    fn totals(&self, session: SessionId) -> Answer<'_, Totals> {
        Box::pin(self.perform(look::LookTotals(session)))
    }

    fn page<'a>(&'a self, session: SessionId, query: &'a Query) -> Answer<'a, Page> {
        Box::pin(self.perform(look::LookPage { session, query: query.clone() }))
    }

    fn unit(&self, session: SessionId, unit: Seq) -> Answer<'_, Option<Unit>> {
        Box::pin(self.perform(look::LookUnit { session, unit }))
    }

    fn find<'a>(&'a self, session: SessionId, subject: &'a str) -> Answer<'a, Option<Unit>> {
        Box::pin(self.perform(look::Find { session, subject: subject.to_owned() }))
    }

    fn events(&self, session: SessionId, after: Option<(Seq, i64)>, limit: u32) -> Answer<'_, Vec<Event>> {
        Box::pin(self.perform(look::Events { session, after, limit }))
    }

    fn candidates<'a>(
        &'a self,
        session: SessionId,
        claiming: &'a Claiming,
        limit: u32,
    ) -> Answer<'a, Vec<Unit>> {
        Box::pin(self.perform(look::Candidates { session, claiming: claiming.clone(), limit }))
    }

    fn owners(&self, session: SessionId) -> Answer<'_, Vec<Owner>> {
        Box::pin(self.perform(look::Owners(session)))
    }

    fn claim<'a>(&'a self, session: SessionId, claiming: &'a Claiming) -> Answer<'a, Option<Claim>> {
        Box::pin(self.perform(take::Take { session, claiming: claiming.clone() }))
    }

    fn beat<'a>(&'a self, held: &'a Held, until: Timestamp) -> Answer<'a, Beat> {
        Box::pin(self.perform(tell::BeatAct { held: held.clone(), until }))
    }

    fn learn<'a>(&'a self, held: &'a Held, findings: &'a Findings) -> Answer<'a, ()> {
        Box::pin(self.perform(tell::Learn { held: held.clone(), findings: findings.clone() }))
    }

    fn finish<'a>(
        &'a self,
        held: &'a Held,
        phase: Phase,
        report: &'a Report,
        then: Then,
    ) -> Answer<'a, Outcome> {
        let (held, report) = (held.clone(), report.clone());
        Box::pin(self.perform(tell::Finish { held, phase, receipt: None, report, then }))
    }

    fn prove<'a>(
        &'a self,
        held: &'a Held,
        receipt: &'a Receipt,
        report: &'a Report,
        then: Then,
    ) -> Answer<'a, Outcome> {
        let (held, receipt, report) = (held.clone(), Some(receipt.clone()), report.clone());
        Box::pin(self.perform(tell::Finish { held, phase: Phase::Prove, receipt, report, then }))
    }

    fn fail<'a>(&'a self, held: &'a Held, failure: &'a Failure) -> Answer<'a, Outcome> {
        Box::pin(self.perform(tell::Fail { held: held.clone(), failure: failure.clone() }))
    }

    fn release<'a>(
        &'a self,
        held: &'a Held,
        why: &'a str,
        not_before: Option<Timestamp>,
        now: Timestamp,
    ) -> Answer<'a, Outcome> {
        Box::pin(self.perform(tell::Release { held: held.clone(), why: why.to_owned(), not_before, now }))
    }

    fn undone<'a>(&'a self, held: &'a Held, report: &'a Report) -> Answer<'a, Outcome> {
        Box::pin(self.perform(tell::Undone { held: held.clone(), report: report.clone() }))
    }

    fn note<'a>(
        &'a self,
        session: SessionId,
        unit: Seq,
        worker: &'a str,
        text: &'a str,
        now: Timestamp,
    ) -> Answer<'a, ()> {
        let (worker, text) = (worker.to_owned(), text.to_owned());
        Box::pin(self.perform(tell::NoteAct { session, unit, worker, text, now }))
    }

    fn rebound<'a>(&'a self, session: SessionId, bounds: &'a [(Seq, f64)]) -> Answer<'a, ()> {
        Box::pin(self.perform(draft::Rebound { session, bounds: bounds.to_vec() }))
    }

    fn command<'a>(
        &'a self,
        session: SessionId,
        selection: &'a Selection,
        command: &'a Command,
        actor: &'a str,
        now: Timestamp,
    ) -> Answer<'a, u64> {
        Box::pin(async move {
            let mut all = 0;
            for selection in parts(selection) {
                let mut after = None;
                loop {
                    let done = self.perform(manoeuvre::Manoeuvre {
                        session,
                        selection: selection.clone(),
                        command: command.clone(),
                        actor: actor.to_owned(),
                        now,
                        after,
                    });
                    let done = done.await?;
                    all += done.count;
                    match done.last {
                        Some(last) => after = Some(last),
                        None => break,
                    }
                }
            }
            Ok(all)
        })
    }

    fn expire<'a>(&'a self, session: SessionId, worker: &'a str, now: Timestamp) -> Answer<'a, u64> {
        Box::pin(self.perform(manoeuvre::Expire { session, worker: worker.to_owned(), now }))
    }

    fn receipt(&self, session: SessionId, unit: Seq) -> Answer<'_, Option<StoredReceipt>> {
        Box::pin(self.perform(look::LookReceipt { session, unit }))
    }

    fn receipts(&self, session: SessionId, after: Option<Seq>, limit: u32) -> Answer<'_, Vec<StoredReceipt>> {
        Box::pin(self.perform(look::Receipts { session, after, limit }))
    }
}

/// A long list of units is gone through in parts: a statement has an end.
fn parts(selection: &Selection) -> Vec<Selection> {
    match selection {
        Selection::Units(units) => {
            units.chunks(manoeuvre::CHUNK).map(|part| Selection::Units(part.to_vec())).collect()
        }
        other => vec![other.clone()],
    }
}
