//! How this module says no.

types::rejections! {
    800 unknown(record) "E_RECORD_UNKNOWN" "there is no {record}";
    801 lot_spent(lot) "E_LOT_SPENT" "lot {lot} is spent or paid: use its children, if it has any";
    802 lot_locked(lot, by) "E_LOT_LOCKED" "lot {lot} is locked by {by}: wait for its end, or take it back";
    803 lot_frozen(lot, freeze) "E_LOT_FROZEN" "lot {lot} is frozen by {freeze}: whoever ordered that may lift it";
    804 lot_disputed(lot, dispute) "E_LOT_DISPUTED" "lot {lot} is in dispute {dispute}: resolve it first";
    805 root_state(certificate, status, needed) "E_ROOT_STATE" "certificate {certificate} is {status}: it must be {needed}";
    806 ttl_expired(what, expires) "E_TTL_EXPIRED" "{what} was open until {expires}";
    807 record_closed(certificate, since) "E_RECORD_CLOSED" "certificate {certificate} matures: since {since} its lots no longer move";
    808 already_financed(lot, financing) "E_ALREADY_FINANCED" "lot {lot} is financed by {financing}: the financier may sell it to another financier";
    809 not_holder(lot, enterprise) "E_NOT_HOLDER" "{enterprise} does not hold lot {lot}";
    810 split_sum(face, sum) "E_SPLIT_SUM" "the parts sum to {sum}, the lot's face is {face}";
    811 lot_too_small(amount, smallest) "E_LOT_TOO_SMALL" "a part of {amount} is below the smallest lot of {smallest}: only one remainder may be";
    812 too_many_lots(lots, most) "E_TOO_MANY_LOTS" "the certificate would have {lots} lots: at most {most}";
    813 depth(depth, most) "E_DEPTH" "this would be transfer {depth} of the lot: at most {most}";
    814 split_parts(parts, most) "E_SPLIT_PARTS" "a split has 2 to {most} parts, this has {parts}";
    815 split_velocity(enterprise, most) "E_SPLIT_VELOCITY" "{enterprise} has split {most} times today: go on tomorrow";
    816 tenor(maturity, earliest, latest) "E_TENOR" "the maturity must be from {earliest} to {latest}: {maturity} is not";
    817 tenor_justification(maturity, months) "E_TENOR_JUSTIFICATION" "a maturity of {maturity} is more than {months} months away: say why";
    818 not_party(record, enterprise) "E_NOT_PARTY" "this is not for {enterprise} to do in {record}";
    819 consent() "E_CONSENT" "a creditor who was not free to be paid in money does not accept: decline the certificate";
    820 holder_type(enterprise, kind) "E_HOLDER_TYPE" "{enterprise} is {kind}: the policy does not let it hold certificates";
    821 to_obligor(obligor) "E_TO_OBLIGOR" "{obligor} owes this lot itself: set it off instead";
    822 party_role(enterprise, role) "E_PARTY_ROLE" "{enterprise} is not {role}";
    823 transfer_state(transfer, status) "E_TRANSFER_STATE" "transfer {transfer} is {status}: it must be offered";
    836 counter_claim(counter_claim, left, asked) "E_COUNTER_CLAIM" "counter-claim {counter_claim} has {left} left to net, asked for {asked}";
    840 claims_over(documented, needed) "E_CLAIMS_OVER" "the claims name {documented}, this pays {needed}: claim no more than it pays";
}
