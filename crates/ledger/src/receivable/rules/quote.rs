//! Quotes: sealed until all have quoted, then open; the bank's line is blocked as long as one stands.

use super::{
    backing, financing,
    guard::{self, concerned},
};
use crate::{
    core::{Call, Context, EnterpriseId, EntityRole, Function, Record, Role, due, emit},
    enterprise, policy,
    policy::FeePayer,
    receivable::{
        MODULE,
        due::Due,
        price::PriceBasis,
        tree::{self, Root},
        types::{
            CertificateId, Financing, FinancingId, FinancingKind, FinancingStatus, GiveQuote, ImproveQuote, Offer,
            Price, Quote, QuoteClosed, QuoteGiven, QuoteOpened, QuoteStatus, QuoteTerms, RevealQuote, WithdrawQuote,
            reject,
        },
    },
};
use types::{Key, Rejection, State, Stop, wire};

const BANK: &[Role] = &[Role::of(EntityRole::Bank, &[Function::Maker, Function::Checker])];

impl Call for GiveQuote {
    const NAME: &'static str = "quote";
    const ROLES: &'static [Role] = BANK;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Financing::key(&self.financing)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let bank = ctx.actor().enterprise;
        let (root, financing) = quoting(ctx, state, self.financing, bank)?;
        guard::require_before(ctx, self.financing, financing.quotes_until)?;
        let earlier = Quote::load(state, &(self.financing, bank))?;
        if let Some(standing) = earlier.as_ref().filter(|quote| quote.status.stands()) {
            return Err(reject::quote_state(bank, format!("{:?}", standing.status), "withdrawn, or improved").into());
        }
        enterprise::require_approvals(ctx, state, bank, financing.amount)?;
        backing::quote(ctx, state, &root.certificate, bank, financing.amount)?;
        let quote = Quote {
            financing: self.financing,
            bank,
            seller: financing.seller,
            amount: financing.amount,
            status: QuoteStatus::Sealed,
            commitment: None,
            terms: None,
            price: None,
            valid_until: financing.reveal_until,
            maker: ctx.actor().member,
            quoted_at: ctx.time,
            version: earlier.map_or(0, |quote| quote.version),
        };
        place(ctx, state, &root, &financing, quote, &self.offer)
    }
}

impl Call for ImproveQuote {
    const NAME: &'static str = "improve_quote";
    const ROLES: &'static [Role] = BANK;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Financing::key(&self.financing)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let bank = ctx.actor().enterprise;
        let (root, financing) = quoting(ctx, state, self.financing, bank)?;
        guard::require_before(ctx, self.financing, financing.quotes_until)?;
        let mut quote = load(state, self.financing, bank)?;
        guard::require_quote(&quote, &[QuoteStatus::Sealed, QuoteStatus::Open])?;
        enterprise::require_approvals(ctx, state, bank, financing.amount)?;
        if let (Some(standing), Offer::Open(terms)) = (quote.price, &self.offer) {
            let offered = require_terms(ctx, state, &root, &financing, terms)?;
            if offered.all_in >= standing.all_in {
                return Err(reject::quote_worse(offered.all_in, standing.all_in).into());
            }
        }
        if quote.price.is_some() && matches!(self.offer, Offer::Sealed(_)) {
            return Err(reject::quote_form("what is open stays open").into());
        }
        quote.maker = ctx.actor().member;
        place(ctx, state, &root, &financing, quote, &self.offer)
    }
}

impl Call for WithdrawQuote {
    const NAME: &'static str = "withdraw_quote";
    const ROLES: &'static [Role] = BANK;
    const RUNS_OFF: bool = true;
    type Outcome = ();

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<(), Stop> {
        let bank = ctx.actor().enterprise;
        let financing = financing::load(state, self.financing)?;
        let quote = load(state, self.financing, bank)?;
        guard::require_quote(&quote, &[QuoteStatus::Sealed, QuoteStatus::Open])?;
        end(ctx, state, financing.certificate, quote, QuoteStatus::Withdrawn)
    }
}

impl Call for RevealQuote {
    const NAME: &'static str = "reveal_quote";
    const ROLES: &'static [Role] = &[Role::of(EntityRole::Bank, &[Function::Maker])];
    type Outcome = Price;

    fn check(&self) -> Result<(), Rejection> {
        Ok(())
    }

    fn touches(&self) -> Vec<Key> {
        vec![Financing::key(&self.financing)]
    }

    fn apply(&self, ctx: &Context, state: &mut dyn State) -> Result<Price, Stop> {
        let bank = ctx.actor().enterprise;
        let (root, financing) = quoting(ctx, state, self.financing, bank)?;
        let quote = load(state, self.financing, bank)?;
        guard::require_quote(&quote, &[QuoteStatus::Sealed])?;
        if ctx.time < financing.quotes_until {
            return Err(reject::quote_sealed(self.financing, financing.quotes_until).into());
        }
        guard::require_before(ctx, format_args!("the quote of {bank}"), quote.valid_until)?;
        let commitment = self.terms.commitment(self.financing, bank, self.secret);
        if quote.commitment != Some(commitment) {
            return Err(reject::quote_mismatch(bank).into());
        }
        open(ctx, state, &root, &financing, quote, &self.terms)
    }
}

/// A quote's time is up: it was not opened, or not accepted. An earlier version's time does nothing.
pub(in crate::receivable) fn expire(
    ctx: &Context,
    state: &mut dyn State,
    id: FinancingId,
    bank: EnterpriseId,
    version: u32,
) -> Result<(), Stop> {
    let quote = load(state, id, bank)?;
    if quote.version != version || !quote.status.stands() {
        return Ok(());
    }
    let certificate = financing::load(state, id)?.certificate;
    end(ctx, state, certificate, quote, QuoteStatus::Lapsed)
}

/// The bank's quote, or a refusal.
pub(super) fn load(state: &mut dyn State, id: FinancingId, bank: EnterpriseId) -> Result<Quote, Stop> {
    let quote = Quote::load(state, &(id, bank))?;
    Ok(quote.ok_or_else(|| reject::unknown(format_args!("quote of {bank} for {id}")))?)
}

/// Releases every quote that still stands; each bank's line is free again.
pub(super) fn release_standing(
    ctx: &Context,
    state: &mut dyn State,
    id: FinancingId,
    financing: &Financing,
) -> Result<(), Stop> {
    for bank in &financing.banks {
        let quote = Quote::load(state, &(id, *bank))?.filter(|quote| quote.status.stands());
        if let Some(quote) = quote {
            end(ctx, state, financing.certificate, quote, QuoteStatus::Released)?;
        }
    }
    Ok(())
}

/// Refuses terms that the policy or the calendar does not allow; otherwise gives what they cost from today.
pub(super) fn require_terms(
    ctx: &Context,
    state: &mut dyn State,
    root: &Root,
    financing: &Financing,
    terms: &QuoteTerms,
) -> Result<Price, Stop> {
    let policy = policy::at(state, ctx.time)?;
    let cap = policy.fee_share_max.share_floor(financing.amount)?;
    let basis = PriceBasis::new(&policy, financing.amount)?;
    let fees = match basis.platform_fee_payer {
        FeePayer::Supplier => terms.fees.plus(basis.platform_fee)?,
        FeePayer::Core | FeePayer::Bank => terms.fees,
    };
    if cap.minus(fees)?.is_none() {
        return Err(policy::reject::fee_cap(fees, cap).into());
    }
    require_share(financing, terms)?;
    let issued = root.certificate.issued.as_ref().expect("a certificate is issued before it is financed");
    let today = ctx.time.date();
    if terms.disburse_by < today || terms.disburse_by.plus_days(1).at(0, 0) > issued.call_at {
        let law = format_args!("the money goes out from today on and before maturity is called, {}", issued.call_at);
        return Err(reject::financing_dates(law).into());
    }
    Ok(terms.price(financing.amount, today, issued.due_on, basis)?)
}

/// Refuses an advance that is nothing or all, and one for which nobody answers.
fn require_share(financing: &Financing, terms: &QuoteTerms) -> Result<(), Rejection> {
    match (terms.advance_share, financing.kind) {
        (None, FinancingKind::NonRecourse | FinancingKind::RecourseToSeller) => Ok(()),
        (Some(_), FinancingKind::NonRecourse) => {
            Err(reject::quote_form("an advance below the whole face is for financing with recourse"))
        }
        (Some(share), FinancingKind::RecourseToSeller) if share.0 == 0 || share.0 >= 1_000_000 => {
            Err(reject::quote_form("an advance is more than nothing and less than the face"))
        }
        (Some(_), FinancingKind::RecourseToSeller) => Ok(()),
    }
}

/// The application, if it is addressed to the bank and waits for quotes.
fn quoting(
    ctx: &Context,
    state: &mut dyn State,
    id: FinancingId,
    bank: EnterpriseId,
) -> Result<(Root, Financing), Stop> {
    let financing = financing::load(state, id)?;
    if !financing.banks.contains(&bank) {
        return Err(reject::not_asked(bank, id).into());
    }
    guard::require_financing(id, &financing, &[FinancingStatus::Quoting])?;
    guard::require_not_frozen(financing.lot, &tree::lot(state, financing.lot)?)?;
    let root = Root::load(state, financing.certificate)?;
    guard::require_moving(ctx, &root)?;
    Ok((root, financing))
}

/// Writes a new or improved quote, whose line is blocked.
fn place(
    ctx: &Context,
    state: &mut dyn State,
    root: &Root,
    financing: &Financing,
    mut quote: Quote,
    offer: &Offer,
) -> Result<(), Stop> {
    match offer {
        Offer::Open(_) if financing.banks.len() > 1 => {
            return Err(reject::quote_form("several banks are asked: seal it").into());
        }
        Offer::Open(terms) => {
            open(ctx, state, root, financing, quote, terms)?;
        }
        Offer::Sealed(commitment) => {
            quote.commitment = Some(*commitment);
            quote.version += 1;
            told_given(state, &quote);
            store(state, quote)?;
        }
    }
    Ok(())
}

/// Makes a quote readable: from now on the seller may accept it, for a time.
fn open(
    ctx: &Context,
    state: &mut dyn State,
    root: &Root,
    financing: &Financing,
    mut quote: Quote,
    terms: &QuoteTerms,
) -> Result<Price, Stop> {
    let price = require_terms(ctx, state, root, financing, terms)?;
    let hours = policy::at(state, ctx.time)?.quote_ttl_hours;
    let valid_until = terms.valid_until.unwrap_or(ctx.time.plus_hours(u64::from(hours)));
    guard::require_before(ctx, "the quote", valid_until)?;
    quote.status = QuoteStatus::Open;
    quote.terms = Some(terms.clone());
    quote.price = Some(price);
    quote.valid_until = valid_until.min(financing.expires);
    quote.version += 1;
    let (bank, valid_until) = (quote.bank, quote.valid_until);
    let concerned = concerned(&[bank, quote.seller]);
    emit(state, &QuoteOpened { financing: quote.financing, bank, price, valid_until, concerned });
    store(state, quote)?;
    Ok(price)
}

fn told_given(state: &mut dyn State, quote: &Quote) {
    let Quote { financing, bank, version, .. } = *quote;
    emit(state, &QuoteGiven { financing, bank, version, concerned: concerned(&[bank, quote.seller]) });
}

/// Writes a quote that stands, and when its time is up.
fn store(state: &mut dyn State, quote: Quote) -> Result<(), Stop> {
    let Quote { financing, bank, version, valid_until, .. } = quote;
    let due = Due::QuoteExpiry { financing, bank, version };
    due::schedule(state, valid_until, MODULE.number, wire::encode(&due))?;
    quote.store(state, &(financing, bank));
    Ok(())
}

/// Ends a quote that stands; the bank's line is free again.
fn end(
    ctx: &Context,
    state: &mut dyn State,
    certificate: CertificateId,
    mut quote: Quote,
    status: QuoteStatus,
) -> Result<(), Stop> {
    let Quote { financing, bank, amount, .. } = quote;
    let certificate = tree::certificate(state, certificate)?;
    backing::end_quote(ctx, state, &certificate, bank, amount)?;
    let concerned = concerned(&[bank, quote.seller]);
    emit(state, &QuoteClosed { financing, bank, status, concerned });
    quote.status = status;
    quote.store(state, &(financing, bank));
    Ok(())
}
