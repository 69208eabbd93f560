//! What governance refuses.

types::rejections! {
    900 no_weight(enterprise) "E_NO_VOTING_WEIGHT" "{enterprise} has no weight in votes: ask one that has to propose it";
    901 unknown_proposal(proposal) "E_PROPOSAL_UNKNOWN" "there is no proposal {proposal}";
    902 closed(proposal, status) "E_PROPOSAL_CLOSED" "proposal {proposal} is {status}: propose anew";
    903 not_proposer(proposal, proposer) "E_NOT_PROPOSER" "proposal {proposal} is of {proposer}: only who proposed takes back, others vote No";
    904 proposals_full(open) "E_PROPOSALS_FULL" "{open} proposals are open: let some be decided first";
    905 no_changes() "E_NO_CHANGES" "a proposal changes something";
    906 effective_time(at, law) "E_EFFECTIVE_TIME" "the changes cannot be made at {at}: {law}";
    907 peer_key_taken(peer_key) "E_PEER_KEY_TAKEN" "peer key {peer_key} is or was a peer's: the machine must make a new one";
    908 unknown_peer(peer_key) "E_PEER_UNKNOWN" "{peer_key} is no peer to which this can be done";
    909 peers_full(kind, limit) "E_PEERS_FULL" "the chain has {limit} {kind} already";
    910 no_address(peer_key) "E_PEER_ADDRESS" "peer {peer_key} needs an address at which others reach it";
    911 not_own_peer(peer_key, enterprise) "E_NOT_OWN_PEER" "peer {peer_key} is not run by {enterprise}";
    912 parameter(parameter, law) "E_GOVERNANCE_PARAMETER" "{parameter} is out of bounds: {law}";
    913 last_voter(enterprise) "E_LAST_VOTER" "without {enterprise} nobody could vote";
    914 voters_full(limit) "E_VOTERS_FULL" "{limit} enterprises vote already";
    915 feature(number, law) "E_FEATURE" "feature {number} cannot be activated so: {law}";
    916 committee_size(members, members_max) "E_COMMITTEE_SIZE" "the committee would have {members} members: on this chain it has from 1 to {members_max}";
    917 quorum_at_risk(members, faults, quorum, live, window, missing) "E_QUORUM_AT_RISK" "the committee would have {members} members, of which {faults} may fail and {quorum} must sign; {live} led in the last {window} blocks, these did not: {missing}; let them lead first, or vote with override_preflight";
    918 resharing_at_risk(leaving, dealers, staying) "E_RESHARING_AT_RISK" "{leaving} members would leave at once; {dealers} of the committee before must pass on the key, and {staying} of them stay and are live; change fewer at a time, or vote with override_preflight";
    919 founding(law) "E_FOUNDING_VALIDATORS" "the genesis cannot found a chain: {law}";
    920 unknown_committee(epoch, fixed) "E_COMMITTEE_UNKNOWN" "the committee of epoch {epoch} is not fixed; the last fixed one is of epoch {fixed}";
    921 no_key(peer_key) "E_PEER_KEY" "{peer_key} is no Ed25519 key, so no machine can prove that it is its: send the key that the machine shows";
}
