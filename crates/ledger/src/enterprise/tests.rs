use super::{
    AddKey, AddMember, ByLegalId, DeclareRelated, EndMember, Enterprise, Member, NewMember, Register, Registered,
    Rename, RevokeKey, SetFunctions, SetStanding, Standing, Whose, are_related, obligations_changed, reject,
    require_approvals, require_approvals_beyond,
};
use crate::{
    clock::Advance,
    core::{Context, EnterpriseId, EntityRole, Function, MemberId, Query, QueryContext, Record, Role},
    testing::{Scenario, cny, text},
};
use types::{Digest, List, Rejection, State, Stop, TransactionHash, transaction::PublicKey};

const OPERATOR: &str = "OP.maker+OP.checker";

fn functions(functions: &[Function]) -> List<Function, 7> {
    List::new(functions.to_vec()).unwrap()
}

fn person(name: &str, held: &[Function], public_key: PublicKey) -> NewMember {
    let functions = functions(held);
    NewMember { name: text(name), functions, public_key, starts: None, ends: None, limit_minor: None }
}

/// A registration of a supplier with an administrator and a maker.
fn newcomer(scenario: &mut Scenario) -> Register {
    let admin = person("Ms Li", &[Function::Admin], scenario.stranger("NEW.admin"));
    let maker = person("Mr Wang", &[Function::Maker], scenario.stranger("NEW.maker"));
    Register {
        name: text("Shenzhen New Co., Ltd."),
        legal_id: text("9144030071526726XG"),
        roles: List::new(vec![EntityRole::Supplier]).unwrap(),
        reviewed: Some(Digest::of(&[b"papers"])),
        members: List::new(vec![admin, maker]).unwrap(),
    }
}

fn registered(scenario: &mut Scenario) -> Registered {
    let act = newcomer(scenario);
    scenario.act("OP.maker+OP.checker+NEW.admin", &act).unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Rejection>) -> &'static str {
    crate::explain(&result.unwrap_err()).0
}

fn member_of(scenario: &mut Scenario, signer: &str) -> MemberId {
    let account = scenario.account(signer);
    scenario.record::<super::MemberKey>(&account).unwrap().member
}

/// What a rule sees when `signers` sent an act of their enterprise that takes `functions`.
fn check(
    scenario: &mut Scenario,
    signers: &str,
    roles: &[Role],
    rule: impl Fn(&Context, &mut dyn State) -> Result<(), Stop>,
) -> Result<(), &'static str> {
    let accounts: Vec<_> = signers.split('+').map(|signer| scenario.account(signer)).collect();
    let mut ctx = Context {
        chain: Digest::default(),
        clock: scenario.clock,
        height: scenario.height,
        time: scenario.time,
        transaction: TransactionHash::default(),
        act: 0,
        signers: &accounts,
        actor: None,
    };
    let result = super::authorize(&ctx, &mut scenario.state, roles, false).and_then(|actor| {
        ctx.actor = Some(actor);
        rule(&ctx, &mut scenario.state)
    });
    result.map_err(|stop| match stop {
        Stop::Rejected(rejection) => crate::explain(&rejection).0,
        Stop::Miss(miss) => panic!("{miss:?}"),
    })
}

#[test]
fn the_operator_of_the_genesis_adds_its_people_and_they_register_others() {
    let mut scenario = Scenario::new();
    scenario.stranger("genesis.admin");
    for (name, function) in [("gen.maker", Function::Maker), ("gen.checker", Function::Checker)] {
        let member = person(name, &[function], scenario.stranger(name));
        scenario.act("genesis.admin", &AddMember { member }).unwrap();
    }
    let act = newcomer(&mut scenario);
    let ids = scenario.act("gen.maker+gen.checker+NEW.admin", &act).unwrap();
    let enterprise: Enterprise = scenario.record(&ids.enterprise).unwrap();
    assert_eq!((enterprise.standing, enterprise.members), (Standing::Active, 2));
    scenario.audit();
    // The newcomer's people act from the next transaction on.
    let to = scenario.time.plus_hours(1);
    scenario.act("NEW.maker", &Advance { to }).unwrap();
}

#[test]
fn queries_find_people_by_account_and_enterprises_by_legal_id() {
    let mut scenario = Scenario::new();
    let ids = registered(&mut scenario);
    let ctx = QueryContext { height: scenario.height, time: scenario.time };
    let account = scenario.account("NEW.maker");
    let whose = Whose { account }.answer(&ctx, &mut scenario.state).unwrap();
    assert_eq!((whose.member_id, whose.member.enterprise), (ids.members[1], ids.enterprise));
    let ask = |legal_id: &str| ByLegalId { legal_id: text(legal_id) };
    assert_eq!(ask("9144030071526726XG").answer(&ctx, &mut scenario.state).unwrap(), Some(ids.enterprise));
    assert_eq!(ask("914403001922038216").answer(&ctx, &mut scenario.state).unwrap(), None);
}

#[test]
fn rejects_a_registration_that_is_not_proved_or_not_allowed() {
    let mut scenario = Scenario::new();
    let act = newcomer(&mut scenario);
    let signed = "OP.maker+OP.checker+NEW.admin";
    assert_eq!(refusal(scenario.act(OPERATOR, &act)), "E_KEY_UNPROVEN");
    assert_eq!(refusal(scenario.act("OP.maker+OP.checker+NEW.maker", &act)), "E_KEY_UNPROVEN");
    assert_eq!(refusal(scenario.act("OP.maker+NEW.admin", &act)), "E_THRESHOLD");
    assert_eq!(refusal(scenario.act("OP.both+NEW.admin", &act)), "E_MAKER_IS_CHECKER");
    assert_eq!(refusal(scenario.act("BKA.maker+BKA.checker+NEW.admin", &act)), "E_NOT_AUTHORIZED");
    assert_eq!(refusal(scenario.act("NEW.admin+OP.maker+OP.checker", &act)), "E_ACCOUNT_UNKNOWN");

    let changed = |change: &dyn Fn(&mut Register)| {
        let mut act = act.clone();
        change(&mut act);
        act
    };
    let mut refused = |change: &dyn Fn(&mut Register)| refusal(scenario.act(signed, &changed(change)));
    assert_eq!(refused(&|act| act.legal_id = text("9144030071526726XH")), "E_LEGAL_ID");
    assert_eq!(refused(&|act| act.legal_id = text("11010519491231002X")), "E_NATURAL_PERSON");
    assert_eq!(refused(&|act| act.roles = List::default()), "E_ENTITY_ROLES");
    assert_eq!(refused(&|act| act.roles = List::new(vec![EntityRole::Bank; 2]).unwrap()), "E_ENTITY_ROLES");
    let mixed = || List::new(vec![EntityRole::Operator, EntityRole::Bank]).unwrap();
    assert_eq!(refused(&|act| act.roles = mixed()), "E_ENTITY_ROLES");
    assert_eq!(refused(&|act| act.members.retain(|member| member.name.as_str() != "Ms Li")), "E_NO_ADMINISTRATOR");
    for held in [&[][..], &[Function::Admin, Function::Maker], &[Function::Maker, Function::Maker]] {
        let set = |act: &mut Register| act.members.iter_mut().for_each(|member| member.functions = functions(held));
        assert_eq!(refused(&set), "E_FUNCTIONS");
    }
    let now = scenario.time;
    let timed = |act: &mut Register| act.members.iter_mut().for_each(|member| member.ends = Some(now));
    assert_eq!(refusal(scenario.act(signed, &changed(&timed))), "E_FUNCTIONS");

    scenario.act(signed, &act).unwrap();
    assert_eq!(refusal(scenario.act(signed, &act)), "E_LEGAL_ID_TAKEN");
    let again = changed(&|act| {
        act.legal_id = text("914403001922038216");
        act.name = text("Guangzhou New Co., Ltd.");
    });
    assert_eq!(refusal(scenario.act(signed, &again)), "E_KEY_TAKEN");
    scenario.audit();
}

#[test]
fn an_enterprise_without_reviewed_papers_is_new_and_may_not_act() {
    let mut scenario = Scenario::new();
    let act = Register { reviewed: None, ..newcomer(&mut scenario) };
    let id = scenario.act("OP.maker+OP.checker+NEW.admin", &act).unwrap().enterprise;
    let to = scenario.time.plus_hours(1);
    assert_eq!(refusal(scenario.act("NEW.maker", &Advance { to })), "E_KYC_INACTIVE");
    let set = |standing, reviewed| SetStanding { enterprise: id, standing, reviewed, reason: text("papers") };
    let papers = Some(Digest::of(&[b"papers"]));
    assert_eq!(refusal(scenario.act(OPERATOR, &set(Standing::Active, None))), "E_STANDING");
    assert_eq!(refusal(scenario.act(OPERATOR, &set(Standing::Suspended, None))), "E_STANDING");
    scenario.act(OPERATOR, &set(Standing::InReview, None)).unwrap();
    scenario.act(OPERATOR, &set(Standing::Active, papers)).unwrap();
    scenario.act("NEW.maker", &Advance { to }).unwrap();
}

#[test]
fn a_restricted_enterprise_runs_off_a_suspended_one_does_nothing_and_an_exited_one_is_gone() {
    let mut scenario = Scenario::new();
    let id = Scenario::id("S1");
    let set = |standing| SetStanding { enterprise: id, standing, reviewed: None, reason: text("overdue") };
    let to = scenario.time.plus_hours(1);
    let related = DeclareRelated { enterprises: List::new(vec![Scenario::id("S2")]).unwrap() };
    scenario.act(OPERATOR, &set(Standing::Restricted)).unwrap();
    assert_eq!(refusal(scenario.act("S1.maker", &Advance { to })), "E_KYC_INACTIVE");
    scenario.act("S1.maker+S1.checker", &related).unwrap();
    scenario.act(OPERATOR, &set(Standing::Suspended)).unwrap();
    assert_eq!(refusal(scenario.act("S1.maker+S1.checker", &related)), "E_KYC_INACTIVE");

    obligations_changed(&mut scenario.state, id, 2).unwrap();
    assert_eq!(refusal(scenario.act(OPERATOR, &set(Standing::Exited))), "E_OBLIGATIONS_OPEN");
    obligations_changed(&mut scenario.state, id, -2).unwrap();
    scenario.act(OPERATOR, &set(Standing::Exited)).unwrap();
    for standing in [Standing::New, Standing::Active, Standing::Restricted, Standing::Exited] {
        assert_eq!(refusal(scenario.act(OPERATOR, &set(standing))), "E_STANDING");
    }
    let own = SetStanding { enterprise: Scenario::id("OP"), ..set(Standing::Suspended) };
    assert_eq!(refusal(scenario.act(OPERATOR, &own)), "E_STANDING");
    let nobody = SetStanding { enterprise: EnterpriseId::default(), ..set(Standing::Suspended) };
    assert_eq!(refusal(scenario.act(OPERATOR, &nobody)), "E_ENTERPRISE_UNKNOWN");
    scenario.audit();
    // An exit with something open is noticed by the audit.
    obligations_changed(&mut scenario.state, id, 1).unwrap();
    assert!(crate::audit(&scenario.state).0.iter().any(|violation| violation.law == "N4"));
}

#[test]
fn a_delegation_holds_from_its_beginning_until_before_its_end() {
    let mut scenario = Scenario::new();
    let (starts, ends) = (scenario.time.plus_hours(1), scenario.time.plus_hours(2));
    let key = scenario.stranger("S1.deputy");
    let member = NewMember { starts: Some(starts), ends: Some(ends), ..person("Deputy", &[Function::Maker], key) };
    scenario.act("S1.admin", &AddMember { member }).unwrap();
    let step = |scenario: &Scenario| Advance { to: scenario.time.plus_hours(1) };
    let may = |scenario: &mut Scenario| {
        let act = step(scenario);
        scenario.act("S1.deputy", &act)
    };
    assert_eq!(refusal(may(&mut scenario)), "E_THRESHOLD");
    scenario.time = starts;
    may(&mut scenario).unwrap();
    scenario.time = types::Timestamp(ends.0 - 1);
    may(&mut scenario).unwrap();
    scenario.time = ends;
    assert_eq!(refusal(may(&mut scenario)), "E_THRESHOLD");
    // Prolonged by the administrator, then ended: at once, even within the same block time.
    let deputy = member_of(&mut scenario, "S1.deputy");
    let held = functions(&[Function::Maker]);
    let prolong = SetFunctions { member: deputy, functions: held, starts: None, ends: None, limit_minor: None };
    scenario.act("S1.admin", &prolong).unwrap();
    may(&mut scenario).unwrap();
    scenario.act("S1.admin", &EndMember { member: deputy }).unwrap();
    assert_eq!(refusal(may(&mut scenario)), "E_THRESHOLD");
    let backwards = SetFunctions { starts: Some(ends), ends: Some(starts), ..prolong };
    assert_eq!(refusal(scenario.act("S1.admin", &backwards)), "E_FUNCTIONS");
    scenario.audit();
}

#[test]
fn administrators_manage_their_own_people_only_and_never_the_last_administrator() {
    let mut scenario = Scenario::new();
    let maker = member_of(&mut scenario, "S2.maker");
    assert_eq!(refusal(scenario.act("S1.admin", &EndMember { member: maker })), "E_MEMBER_UNKNOWN");
    assert_eq!(refusal(scenario.act("S1.maker", &EndMember { member: maker })), "E_THRESHOLD");
    let admin = member_of(&mut scenario, "S1.admin");
    assert_eq!(refusal(scenario.act("S1.admin", &EndMember { member: admin })), "E_OWN_FUNCTIONS");
    let mix = SetFunctions {
        member: admin,
        functions: functions(&[Function::Admin, Function::Treasurer]),
        starts: None,
        ends: None,
        limit_minor: None,
    };
    assert_eq!(refusal(scenario.act("S1.admin", &mix)), "E_FUNCTIONS");
    let timed =
        SetFunctions { functions: functions(&[Function::Admin]), ends: Some(scenario.time.plus_hours(9)), ..mix };
    assert_eq!(refusal(scenario.act("S1.admin", &timed)), "E_FUNCTIONS");
    let second = person("Second", &[Function::Admin], scenario.stranger("S1.admin2"));
    scenario.act("S1.admin", &AddMember { member: second }).unwrap();
    scenario.act("S1.admin2", &EndMember { member: admin }).unwrap();
    assert_eq!(refusal(scenario.act("S1.admin", &EndMember { member: admin })), "E_THRESHOLD");
    scenario.audit();
}

#[test]
fn a_rotated_key_signs_for_the_same_person_and_the_revoked_one_no_more() {
    let mut scenario = Scenario::new();
    let member = member_of(&mut scenario, "S1.maker");
    let public_key = scenario.stranger("S1.maker-new");
    let add = AddKey { member, public_key };
    assert_eq!(refusal(scenario.act("S1.maker", &add)), "E_KEY_UNPROVEN");
    assert_eq!(refusal(scenario.act("S1.checker+S1.maker-new", &add)), "E_MEMBER_UNKNOWN");
    assert_eq!(refusal(scenario.act("S2.admin+S1.maker-new", &add)), "E_MEMBER_UNKNOWN");
    scenario.act("S1.maker+S1.maker-new", &add).unwrap();
    assert_eq!(refusal(scenario.act("S1.maker+S1.maker-new", &add)), "E_KEY_TAKEN");
    // Two keys of one person are one person.
    let two = [Role::any(&[Function::Maker, Function::Maker])];
    assert_eq!(check(&mut scenario, "S1.maker+S1.maker-new", &two, |_, _| Ok(())), Err("E_MAKER_IS_CHECKER"));

    let account = scenario.account("S1.maker");
    assert_eq!(refusal(scenario.act("S1.checker", &RevokeKey { account })), "E_KEY_UNKNOWN");
    assert_eq!(refusal(scenario.act("S2.admin", &RevokeKey { account })), "E_KEY_UNKNOWN");
    scenario.act("S1.maker-new", &RevokeKey { account }).unwrap();
    let to = scenario.time.plus_hours(1);
    assert_eq!(refusal(scenario.act("S1.maker", &Advance { to })), "E_CERT_REVOKED");
    assert_eq!(refusal(scenario.act("S1.admin+S1.maker", &Advance { to })), "E_CERT_REVOKED");
    scenario.act("S1.maker-new", &Advance { to }).unwrap();
    assert_eq!(refusal(scenario.act("S1.maker-new", &RevokeKey { account })), "E_CERT_REVOKED");
    // A revoked key never comes back, for anybody.
    let again = AddKey { member, public_key: scenario.stranger("S1.maker") };
    assert!(scenario.act("S1.maker-new+S1.maker", &again).is_err());
    scenario.audit();
}

#[test]
fn a_stolen_key_is_revoked_by_the_administrator_or_by_two_of_the_operator() {
    let mut scenario = Scenario::new();
    let (maker, admin) = (scenario.account("S1.maker"), scenario.account("S1.admin"));
    assert_eq!(refusal(scenario.act("OP.maker", &RevokeKey { account: maker })), "E_THRESHOLD");
    assert_eq!(refusal(scenario.act("OP.both", &RevokeKey { account: maker })), "E_MAKER_IS_CHECKER");
    scenario.act("S1.admin", &RevokeKey { account: maker }).unwrap();
    scenario.act(OPERATOR, &RevokeKey { account: admin }).unwrap();
    let nobody = scenario.stranger("nobody").account();
    assert_eq!(refusal(scenario.act(OPERATOR, &RevokeKey { account: nobody })), "E_KEY_UNKNOWN");
}

#[test]
fn above_the_policys_amounts_more_people_sign() {
    let mut scenario = Scenario::new();
    const BOTH: &[Role] = &[Role::any(&[Function::Maker, Function::Checker])];
    const LATER: &[Role] = &[Role::any(&[Function::Checker])];
    let core = Scenario::id("CORE");
    let approvals = |amount: &'static str| {
        move |ctx: &Context, state: &mut dyn State| require_approvals(ctx, state, core, cny(amount))
    };
    let mut may = |signers: &str, roles, amount| check(&mut scenario, signers, roles, approvals(amount));
    let (two, three) = ("CORE.maker+CORE.checker", "CORE.maker+CORE.checker+CORE.approver");
    assert_eq!(may(two, BOTH, "999999.99"), Ok(()));
    assert_eq!(may(two, BOTH, "1000000.00"), Err("E_THRESHOLD"));
    assert_eq!(may(three, BOTH, "5000000.00"), Ok(()));
    assert_eq!(may(three, BOTH, "9999999.99"), Ok(()));
    assert_eq!(may(three, BOTH, "10000000.00"), Err("E_THRESHOLD"));
    assert_eq!(may("CORE.maker+CORE.checker+CORE.approver+CORE.approver2", BOTH, "10000000.00"), Ok(()));
    // What was prepared earlier takes the checker and the approvers alone.
    assert_eq!(may("CORE.checker", LATER, "999999.99"), Ok(()));
    assert_eq!(may("CORE.checker", LATER, "5000000.00"), Err("E_THRESHOLD"));
    assert_eq!(may("CORE.checker+CORE.approver", LATER, "5000000.00"), Ok(()));
    // Another enterprise's approver is nobody's here.
    assert_eq!(may("CORE.checker+S1.approver", LATER, "5000000.00"), Err("E_THRESHOLD"));
    let maker = member_of(&mut scenario, "CORE.both");
    let beyond = |ctx: &Context, state: &mut dyn State| require_approvals_beyond(ctx, state, core, maker, cny("1.00"));
    assert_eq!(check(&mut scenario, "CORE.both", LATER, beyond), Err("E_THRESHOLD"));
    assert_eq!(check(&mut scenario, "CORE.checker", LATER, beyond), Ok(()));
}

#[test]
fn one_person_cannot_be_maker_and_approver_of_the_same_act_and_limits_hold() {
    let mut scenario = Scenario::new();
    const BOTH: &[Role] = &[Role::any(&[Function::Maker, Function::Checker])];
    let core = Scenario::id("CORE");
    let key = scenario.stranger("CORE.all");
    let member = person("All", &[Function::Maker, Function::Approver], key);
    let all = scenario.act("CORE.admin", &AddMember { member }).unwrap();
    let rule = |ctx: &Context, state: &mut dyn State| require_approvals(ctx, state, core, cny("1000000.00"));
    assert_eq!(check(&mut scenario, "CORE.all+CORE.checker", BOTH, rule), Err("E_THRESHOLD"));
    assert_eq!(check(&mut scenario, "CORE.checker+CORE.all", BOTH, rule), Err("E_THRESHOLD"));
    assert_eq!(check(&mut scenario, "CORE.checker+CORE.all+CORE.maker", BOTH, rule), Ok(()));
    let limited = SetFunctions {
        member: all,
        functions: functions(&[Function::Maker, Function::Approver]),
        starts: None,
        ends: None,
        limit_minor: Some(99_999_999),
    };
    scenario.act("CORE.admin", &limited).unwrap();
    assert_eq!(check(&mut scenario, "CORE.checker+CORE.all+CORE.maker", BOTH, rule), Err("E_THRESHOLD"));
}

#[test]
fn relations_count_both_ways_and_through_a_common_owner() {
    let mut scenario = Scenario::new();
    let [core, s1, s2, s3] = ["CORE", "S1", "S2", "S3"].map(Scenario::id);
    let declare = |others: &[EnterpriseId]| DeclareRelated { enterprises: List::new(others.to_vec()).unwrap() };
    scenario.act("S1.maker+S1.checker", &declare(&[core])).unwrap();
    scenario.act("S2.maker+S2.checker", &declare(&[core])).unwrap();
    let mut related = |one, other| are_related(&mut scenario.state, one, other).unwrap();
    assert!(related(s1, core) && related(core, s1));
    assert!(related(s1, s2));
    assert!(!related(s1, s3) && !related(core, s3));
    assert_eq!(refusal(scenario.act("S1.maker+S1.checker", &declare(&[s1]))), "E_SELF_TRANSFER");
    let stranger = EnterpriseId::default();
    assert_eq!(refusal(scenario.act("S1.maker+S1.checker", &declare(&[stranger]))), "E_ENTERPRISE_UNKNOWN");
    assert_eq!(crate::explain(&reject::related_undeclared(s1, s2)).0, "E_RELATED_PARTY_UNDECLARED");
}

#[test]
fn no_more_relations_than_fit_are_declared() {
    let mut scenario = Scenario::new();
    let mut others = Vec::new();
    for number in 0..65 {
        others.push(scenario.register(&format!("AFFILIATE{number}"), &[EntityRole::Supplier]));
    }
    let last = others.pop().unwrap();
    let declare = |others: Vec<EnterpriseId>| DeclareRelated { enterprises: List::new(others).unwrap() };
    scenario.act("S1.maker+S1.checker", &declare(others.clone())).unwrap();
    scenario.act("S1.maker+S1.checker", &declare(others)).unwrap();
    assert_eq!(refusal(scenario.act("S1.maker+S1.checker", &declare(vec![last]))), "E_RELATED_FULL");
}

#[test]
fn audit_notices_a_legal_id_that_stands_for_another_and_a_key_without_its_account() {
    let mut scenario = Scenario::new();
    scenario.audit();
    let id = Scenario::id("S1");
    let mut enterprise: Enterprise = scenario.record(&id).unwrap();
    enterprise.legal_id = text("LEGAL-S2");
    enterprise.store(&mut scenario.state, &id);
    let member = member_of(&mut scenario, "S1.admin");
    let mut person: Member = scenario.record(&member).unwrap();
    person.functions = functions(&[Function::Admin, Function::Checker]);
    person.store(&mut scenario.state, &member);
    let laws: Vec<&str> = crate::audit(&scenario.state).0.iter().map(|violation| violation.law).collect();
    assert_eq!(laws, ["N3", "N1"]);
}

#[test]
fn the_operator_records_a_new_name_and_the_legal_id_stays() {
    let mut scenario = Scenario::new();
    let id = registered(&mut scenario).enterprise;
    let rename = Rename { enterprise: id, name: text("Shenzhen Newer Co., Ltd."), notice: Digest::of(&[b"notice"]) };
    scenario.act(OPERATOR, &rename).unwrap();
    let enterprise = scenario.record::<Enterprise>(&id).unwrap();
    assert_eq!(enterprise.name.as_str(), "Shenzhen Newer Co., Ltd.");
    assert_eq!(enterprise.legal_id.as_str(), "9144030071526726XG");
    assert_eq!(refusal(scenario.act(OPERATOR, &rename)), "E_SAME_NAME");
    let nobody = Rename { enterprise: EnterpriseId::default(), ..rename };
    assert_eq!(refusal(scenario.act(OPERATOR, &nobody)), "E_ENTERPRISE_UNKNOWN");
    scenario.audit();
}

#[test]
fn no_two_enterprises_have_names_that_look_alike() {
    let mut scenario = Scenario::new();
    let mut act = newcomer(&mut scenario);
    for name in ["C0RE Co., Ltd.", "Core Co Ltd", "\u{0421}ORE"] {
        act.name = text(name);
        assert_eq!(refusal(scenario.act("OP.maker+OP.checker+NEW.admin", &act)), "E_NAME_CONFUSABLE", "{name}");
    }
    let id = registered(&mut scenario).enterprise;
    let rename = |name: &str| Rename { enterprise: id, name: text(name), notice: Digest::of(&[b"notice"]) };
    assert_eq!(refusal(scenario.act(OPERATOR, &rename("BKA Co. Ltd"))), "E_NAME_CONFUSABLE");
    scenario.act(OPERATOR, &rename("Shenzhen NEW Co. Ltd")).expect("its own name, written in another way");
    scenario.act(OPERATOR, &rename("Guangzhou New")).unwrap();
    let core = Rename { enterprise: Scenario::id("CORE"), ..rename("Shenzhen New Co., Ltd.") };
    scenario.act(OPERATOR, &core).expect("it is free again");
    scenario.audit();
}
