//! One `impl Call` per act, and what they share: who speaks for a side, sums, lines, numbers.

mod credit_note;
mod delivery;
mod invoice;
mod order;
mod sums;

use super::{
    fingerprint::{self, Kind},
    state::Known,
    types::{Parties, Party, Side, Trader, Traders, reject},
};
use crate::{
    core::{Context, EnterpriseId, Function, Record, Role},
    enterprise,
};
use types::{Amount, Date, Digest, Rejection, State, Stop};

/// Recording a paper: one person prepares it.
const RECORD: &[Role] = &[Role::any(&[Function::Maker])];
/// Confirming what binds the enterprise: two persons.
const CONFIRM_FUNCTIONS: &[Function] = &[Function::Maker, Function::Checker];
const CONFIRM: &[Role] = &[Role::any(CONFIRM_FUNCTIONS)];

/// Refuses parties whose legal ids cannot be compared.
fn check_parties(parties: &Parties) -> Result<(), Rejection> {
    for party in [&parties.seller, &parties.buyer] {
        if let Party::Named { legal_id, .. } = party {
            fingerprint::check(legal_id)?;
        }
    }
    Ok(())
}

/// The parties with the names and legal ids they have now; refuses a trade of one company with itself.
fn traders(state: &mut dyn State, parties: &Parties) -> Result<Traders, Stop> {
    let traders = Traders { seller: trader(state, &parties.seller)?, buyer: trader(state, &parties.buyer)? };
    if fingerprint::folded(&traders.seller.legal_id) == fingerprint::folded(&traders.buyer.legal_id) {
        return Err(reject::match_party(format!("{} is both seller and buyer", traders.seller.name)).into());
    }
    Ok(traders)
}

fn trader(state: &mut dyn State, party: &Party) -> Result<Trader, Stop> {
    match party {
        Party::Enterprise(id) => {
            let enterprise = enterprise::get(state, *id)?;
            let (name, legal_id) = (enterprise.name.clone(), enterprise.legal_id.clone());
            Ok(Trader { enterprise: Some(*id), name, legal_id })
        }
        Party::Named { name, legal_id } => {
            Ok(Trader { enterprise: None, name: name.clone(), legal_id: legal_id.clone() })
        }
    }
}

impl Traders {
    fn on(&self, side: Side) -> &Trader {
        match side {
            Side::Seller => &self.seller,
            Side::Buyer => &self.buyer,
        }
    }

    /// The side that an enterprise is on.
    fn side_of(&self, enterprise: EnterpriseId) -> Result<Side, Rejection> {
        if self.seller.enterprise == Some(enterprise) {
            Ok(Side::Seller)
        } else if self.buyer.enterprise == Some(enterprise) {
            Ok(Side::Buyer)
        } else {
            Err(reject::side(format!("{enterprise} is neither seller nor buyer")))
        }
    }
}

fn opposite(side: Side) -> Side {
    match side {
        Side::Seller => Side::Buyer,
        Side::Buyer => Side::Seller,
    }
}

/// Refuses unless the acting enterprise is on `side`, or speaks for a counterparty there that is not registered.
fn require_side(ctx: &Context, traders: &Traders, side: Side) -> Result<(), Rejection> {
    let actor = ctx.actor().enterprise;
    let own = traders.side_of(actor)?;
    if own == side || traders.on(side).enterprise.is_none() {
        return Ok(());
    }
    Err(reject::side(format!("{actor} is the {own:?}, the {side:?} does this")))
}

/// When the transaction also carries the binding signatures of the other side: now.
fn countersigned(ctx: &Context, state: &mut dyn State, traders: &Traders) -> Result<Option<types::Timestamp>, Stop> {
    let own = traders.side_of(ctx.actor().enterprise)?;
    let Some(other) = traders.on(opposite(own)).enterprise else {
        return Ok(None);
    };
    let own = ctx.actor().enterprise;
    for enterprise in [own, other] {
        match enterprise::require(ctx, state, enterprise, None, CONFIRM_FUNCTIONS) {
            Ok(()) => {}
            Err(Stop::Rejected(_)) => return Ok(None),
            Err(miss @ Stop::Miss(_)) => return Err(miss),
        }
    }
    Ok(Some(ctx.time))
}

/// Refuses a confirmation by the side that recorded, by strangers, and a second one.
fn require_confirmable(
    ctx: &Context,
    document: impl std::fmt::Display,
    traders: &Traders,
    (recorded_by, confirmed_at): (EnterpriseId, Option<types::Timestamp>),
) -> Result<(), Rejection> {
    let own = traders.side_of(ctx.actor().enterprise)?;
    if traders.on(own).enterprise == Some(recorded_by) {
        return Err(reject::side(format!("{recorded_by} recorded {document}: the other side confirms it")));
    }
    if confirmed_at.is_some() {
        return Err(reject::already_confirmed(document));
    }
    Ok(())
}

/// Refuses a date after today.
fn require_past(ctx: &Context, what: &str, date: Date) -> Result<(), Rejection> {
    let today = ctx.time.date();
    if date > today { Err(reject::date_order(format!("{what} on {date} is after today, {today}"))) } else { Ok(()) }
}

/// What identifies a document among those of its kind.
struct Identity<'a> {
    kind: Kind,
    traders: &'a Traders,
    number: &'a str,
    date: Date,
    gross: Option<Amount>,
}

/// Takes the document's place in the registry of fingerprints; refuses when it is taken.
fn register(state: &mut dyn State, identity: &Identity, known: Known) -> Result<Digest, Stop> {
    let Identity { kind, traders, number, date, gross } = identity;
    let digest = fingerprint::of(*kind, traders, number, *date, *gross);
    match fingerprint::known(state, &digest)? {
        None => {}
        Some(Known::Invoice(invoice)) => return Err(reject::fingerprint_dup(number, invoice).into()),
        Some(Known::Contract(id)) => return Err(reject::document_dup(number, id).into()),
        Some(Known::Order(id)) => return Err(reject::document_dup(number, id).into()),
        Some(Known::Delivery(id)) => return Err(reject::document_dup(number, id).into()),
        Some(Known::CreditNote(id)) => return Err(reject::document_dup(number, id).into()),
    }
    known.store(state, &digest);
    Ok(digest)
}
