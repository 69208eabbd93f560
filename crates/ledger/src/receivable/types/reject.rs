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
    824 financing_state(financing, status, needed) "E_FINANCING_STATE" "financing {financing} is {status}: it must be {needed}";
    836 counter_claim(counter_claim, left, asked) "E_COUNTER_CLAIM" "counter-claim {counter_claim} has {left} left to net, asked for {asked}";
    840 claims_over(documented, needed) "E_CLAIMS_OVER" "the claims name {documented}, this pays {needed}: claim no more than it pays";
    860 no_recourse(financing) "E_NO_RECOURSE" "financing {financing} is without recourse: the seller owes nothing";
    861 recourse_notified(financing) "E_RECOURSE_NOTIFIED" "the seller of financing {financing} is told already";
    862 recourse_unnotified(financing) "E_RECOURSE_UNNOTIFIED" "the seller of financing {financing} is not told yet: give notice first";
    863 grace(certificate, ends) "E_GRACE" "certificate {certificate} has grace until the end of {ends}";
    864 majority(signed, owed) "E_MAJORITY" "holders of {signed} sign: more than half of the {owed} that is owed must, or a financier";
    865 lot_twice() "E_LOT_TWICE" "the same lot is named twice";
    866 other_certificate(lot, certificate) "E_LOT_ELSEWHERE" "lot {lot} is not of certificate {certificate}";
    867 settling(certificate) "E_SETTLING" "certificate {certificate} is being listed, paid, or is closed: ask again when it waits for money";
    868 excess(certificate, left, asked) "E_EXCESS" "{left} of what was paid too much on certificate {certificate} can be returned here, asked for {asked}";
    870 freeze_ground(law) "E_FREEZE_GROUND" "the lot cannot be frozen like this: {law}";
    871 freeze_authority(freeze, by) "E_FREEZE_AUTHORITY" "freeze {freeze} is by {by}: only the same authority or a higher one lifts it";
    872 freeze_lifted(freeze) "E_FREEZE_LIFTED" "freeze {freeze} is lifted already";
    873 dispute_closed(dispute) "E_DISPUTE_CLOSED" "dispute {dispute} is resolved already";
    874 not_locked(lot) "E_LOT_NOT_LOCKED" "lot {lot} is not locked by a revoked invoice";
    880 moved(certificate) "E_CERTIFICATE_MOVED" "certificate {certificate} is not whole in its first creditor's hands any more: reduce it instead";
    881 nothing_cut() "E_NOTHING_CUT" "name at least one lot that is burned";
    882 note_elsewhere(note, certificate) "E_CREDIT_NOTE_ELSEWHERE" "credit note {note} is on no invoice behind certificate {certificate}";
}
