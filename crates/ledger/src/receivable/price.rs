//! What a quote costs: the discount, the money paid out, and the yearly cost of it all.

use super::types::{FinancingId, Price, QuoteTerms, reject};
use crate::{
    core::EnterpriseId,
    policy::{FeePayer, Policy},
};
use ::types::{Amount, Date, Digest, Rate, Rejection, limits, rate::DayCount, wire};

impl QuoteTerms {
    /// The digest by which a bank commits to its terms: SHA-256 over a label, the financing's id, the bank's id, the
    /// terms in their canonical encoding, and a secret of 32 random bytes. Without the secret nobody can try out terms.
    pub fn commitment(&self, financing: FinancingId, bank: EnterpriseId, secret: Digest) -> Digest {
        let label = b"tributary/receivable/quote/1";
        Digest::of(&[label, &financing.0, &bank.0, &wire::encode(self), &secret.0])
    }

    /// What the terms cost on `face`, paid out on `from` and due on `due_on`. First day in, last day out.
    pub fn price(&self, face: Amount, from: Date, due_on: Date, basis: PriceBasis) -> Result<Price, Rejection> {
        let law = "the money goes out before the face is due";
        let days = from.days_until(due_on).ok_or_else(|| reject::financing_dates(law))?;
        let PriceBasis { day_count, platform_fee, platform_fee_payer } = basis;
        let advanced = match self.advance_share {
            Some(share) => share.share_floor(face)?,
            None => face,
        };
        let discount = self.rate.interest_half_up(advanced, days, day_count)?;
        let costs = discount.plus(self.fees)?;
        let holdback = face.minus(advanced)?.ok_or_else(|| reject::quote_form("no more is advanced than the face"))?;
        // A discount is taken off the money paid out, interest on an advance out of what is held back.
        let (source, net) = match self.advance_share {
            Some(_) => (holdback, Some(advanced)),
            None => (face, face.minus(costs)?),
        };
        let net = net.filter(|net| !net.is_zero() && source.minor >= costs.minor);
        let net = net.ok_or_else(|| reject::net_negative(source, costs))?;
        let seller_pays = match platform_fee_payer {
            FeePayer::Supplier => costs.plus(platform_fee)?,
            FeePayer::Core | FeePayer::Bank => costs,
        };
        let all_in = all_in(seller_pays, net, days, day_count);
        Ok(Price { days, discount, fees: self.fees, platform_fee, platform_fee_payer, net, holdback, all_in })
    }
}

/// What the policy of the day says about prices.
#[derive(Clone, Copy, Debug)]
pub struct PriceBasis {
    pub day_count: DayCount,
    pub platform_fee: Amount,
    pub platform_fee_payer: FeePayer,
}

impl PriceBasis {
    /// For a financing of `amount` under `policy`.
    pub fn new(policy: &Policy, amount: Amount) -> Result<Self, Rejection> {
        let (day_count, fee) = (policy.day_count, &policy.platform_fee);
        Ok(Self { day_count, platform_fee: fee.of(amount)?, platform_fee_payer: fee.payer })
    }
}

/// `costs / net * basis / days` as a yearly rate, half up; at most the largest rate there is.
fn all_in(costs: Amount, net: Amount, days: u32, count: DayCount) -> Rate {
    let numerator = u128::from(costs.minor) * 1_000_000 * u128::from(count.basis());
    let denominator = u128::from(net.minor) * u128::from(days.max(1));
    let ppm = (numerator * 2 + denominator) / (denominator * 2);
    Rate(u32::try_from(ppm).unwrap_or(limits::RATE_PPM_MAX).min(limits::RATE_PPM_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PlatformFee;
    use crate::testing::cny;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn terms(ppm: u32, fees: &str) -> QuoteTerms {
        let (rate, fees, disburse_by) = (Rate(ppm), cny(fees), date("2026-04-10"));
        QuoteTerms { rate, fees, advance_share: None, disburse_by, valid_until: None }
    }

    /// Without a platform fee.
    fn basis(day_count: DayCount) -> PriceBasis {
        PriceBasis { day_count, ..PriceBasis::new(&Policy::default(), cny("1000000.00")).unwrap() }
    }

    fn price(ppm: u32, fees: &str, face: &str, from: &str, count: DayCount) -> Price {
        terms(ppm, fees).price(cny(face), date(from), date("2026-08-28"), basis(count)).unwrap()
    }

    #[test]
    fn discount_is_rounded_once_half_up() {
        let first = price(45_000, "0.00", "1000000.00", "2026-03-02", DayCount::Act360);
        assert_eq!((first.days, first.discount, first.net), (179, cny("22375.00"), cny("977625.00")));
        let other_year = price(45_000, "0.00", "1000000.00", "2026-03-02", DayCount::Act365Fixed);
        assert_eq!(other_year.discount, cny("22068.49"));
        let second = price(52_000, "0.00", "800000.50", "2026-04-10", DayCount::Act360);
        assert_eq!((second.days, second.discount, second.net), (140, cny("16177.79"), cny("783822.71")));
    }

    #[test]
    fn all_in_counts_every_cost_over_the_money_received() {
        // 22,375.00 / 977,625.00 * 360 / 179 = 4.60299...%
        assert_eq!(price(45_000, "0.00", "1000000.00", "2026-03-02", DayCount::Act360).all_in, Rate(46_030));
        // (22,375.00 + 2,000.00) / 975,625.00 * 360 / 179 = 5.02471...%
        assert_eq!(price(45_000, "2000.00", "1000000.00", "2026-03-02", DayCount::Act360).all_in, Rate(50_247));
    }

    #[test]
    fn an_advance_is_a_share_rounded_down_and_its_interest_and_fees_come_out_of_the_rest() {
        let from = date("2026-03-02");
        let due_on = date("2026-08-28");
        let advance = QuoteTerms { advance_share: Some(Rate(800_000)), ..terms(45_000, "1000.00") };
        let price = advance.price(cny("1000000.00"), from, due_on, basis(DayCount::Act360)).unwrap();
        assert_eq!((price.net, price.holdback, price.discount), (cny("800000.00"), cny("200000.00"), cny("17900.00")));
        // 18,900.00 / 800,000.00 * 360 / 179 = 4.75139...%
        assert_eq!(price.all_in, Rate(47_514));
        let odd = advance.price(cny("1000.01"), from, due_on, basis(DayCount::Act360));
        assert_eq!(crate::explain(&odd.unwrap_err()).0, "E_NET_NEGATIVE", "the fees are above what is held back");
        let free = QuoteTerms { fees: cny("0.00"), ..advance };
        let odd = free.price(cny("1000.01"), from, due_on, basis(DayCount::Act360)).unwrap();
        assert_eq!((odd.net, odd.holdback), (cny("800.00"), cny("200.01")), "rounded down");
    }

    #[test]
    fn the_platforms_fee_is_clamped_and_counts_where_the_supplier_owes_it() {
        let bounds = |share, minor_min, minor_max, payer| Policy {
            platform_fee: PlatformFee { share: Rate(share), minor_min, minor_max, payer },
            ..Policy::default()
        };
        let fee = |policy: &Policy, amount| policy.platform_fee.of(cny(amount)).unwrap();
        let policy = bounds(500, 1_000, 50_000, FeePayer::Supplier);
        assert_eq!(fee(&policy, "999999.00"), cny("500.00"), "0.05% are 499.9995, half up, and the largest fee");
        assert_eq!(fee(&policy, "123457.00"), cny("61.73"), "61.7285, half up");
        assert_eq!(fee(&policy, "100.00"), cny("10.00"), "the smallest fee");
        let (from, due_on, face) = (date("2026-03-02"), date("2026-08-28"), cny("1000000.00"));
        let price = |policy: &Policy| {
            let basis = PriceBasis::new(policy, face).unwrap();
            terms(45_000, "0.00").price(face, from, due_on, basis).unwrap()
        };
        let owed = price(&policy);
        assert_eq!((owed.platform_fee, owed.net), (cny("500.00"), cny("977625.00")), "it is billed, not deducted");
        // (22,375.00 + 500.00) / 977,625.00 * 360 / 179 = 4.70585...%
        assert_eq!(owed.all_in, Rate(47_059));
        assert_eq!(price(&bounds(500, 0, 50_000, FeePayer::Bank)).all_in, Rate(46_030));
    }

    #[test]
    fn something_is_left_for_the_seller() {
        let name = |refused: Rejection| crate::explain(&refused).0;
        let (from, due_on) = (date("2026-03-02"), date("2026-08-28"));
        let costly = terms(45_000, "99.00").price(cny("100.00"), from, due_on, basis(DayCount::Act360));
        assert_eq!(name(costly.unwrap_err()), "E_NET_NEGATIVE");
        let late = terms(45_000, "0.00").price(cny("100.00"), date("2026-08-29"), due_on, basis(DayCount::Act360));
        assert_eq!(name(late.unwrap_err()), "E_FINANCING_DATES");
    }

    #[test]
    fn commitment_is_to_the_terms_the_bank_and_the_financing() {
        let (financing, bank, secret) = (FinancingId([1; 16]), EnterpriseId([2; 16]), Digest([3; 32]));
        let commitment = terms(45_000, "0.00").commitment(financing, bank, secret);
        assert_ne!(commitment, terms(45_001, "0.00").commitment(financing, bank, secret));
        assert_ne!(commitment, terms(45_000, "0.00").commitment(FinancingId([9; 16]), bank, secret));
        assert_ne!(commitment, terms(45_000, "0.00").commitment(financing, EnterpriseId([9; 16]), secret));
        assert_ne!(commitment, terms(45_000, "0.00").commitment(financing, bank, Digest([9; 32])));
    }

    /// The published example: whoever commits outside this program checks its bytes against it.
    #[test]
    fn published_commitment_is_recomputed() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../../../vectors/quote_commitment.json")).unwrap();
        let text = |field: &str| vector[field].as_str().unwrap();
        let terms: QuoteTerms = serde_json::from_value(vector["terms"].clone()).unwrap();
        assert_eq!(wire::hex_encode(&wire::encode(&terms)), text("terms_bcs"));
        let (financing, bank) = (text("financing").parse().unwrap(), text("bank").parse().unwrap());
        let commitment = terms.commitment(financing, bank, text("secret").parse().unwrap());
        assert_eq!(commitment.to_string(), text("commitment"));
    }
}
