//! Laws over the whole operation table: who may ask, what is documented, what is numbered.

use crate::{
    core::{Actor, CallSpec, Context, EntityRole, Function, MemberId, Module, Record, Role},
    enterprise::{self, Member, MemberKey},
    modules,
    testing::Scenario,
};
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use types::{
    AccountId, ChainId, Rejection, State, Stop, TransactionHash,
    rejection::{amount, tech},
};

/// The people of each enterprise of the harness, by what they may do.
const PEOPLE: &[(&str, &[Function])] = &[
    ("admin", &[Function::Admin]),
    ("maker", &[Function::Maker]),
    ("checker", &[Function::Checker]),
    ("approver", &[Function::Approver]),
    ("approver2", &[Function::Approver]),
    ("treasurer", &[Function::Treasurer]),
    ("treasurer2", &[Function::Treasurer]),
    ("risk", &[Function::Risk]),
    ("auditor", &[Function::Auditor]),
    ("both", &[Function::Maker, Function::Checker]),
];

fn calls() -> impl Iterator<Item = (&'static Module, &'static CallSpec)> {
    modules().iter().flat_map(|module| module.calls.iter().map(|call| (*module, call)))
}

/// One act for each different answer to the question who may ask: the others are authorized alike.
fn calls_by_roles() -> Vec<(&'static Module, &'static CallSpec)> {
    let mut distinct: Vec<(&Module, &CallSpec)> = Vec::new();
    for (module, call) in calls() {
        let alike = |(_, other): &(&Module, &CallSpec)| (other.roles, other.runs_off) == (call.roles, call.runs_off);
        if !distinct.iter().any(alike) {
            distinct.push((module, call));
        }
    }
    distinct
}

/// A consortium with one enterprise in each single role: `Core.maker`, `Bank.checker`.
fn consortium() -> Scenario {
    let mut scenario = Scenario::new();
    for role in EntityRole::ALL {
        scenario.register(&format!("{role:?}"), &[*role]);
    }
    scenario
}

fn authorize(scenario: &mut Scenario, accounts: &[AccountId], call: &CallSpec) -> Result<Actor, Rejection> {
    let ctx = Context {
        chain: ChainId::default(),
        clock: scenario.clock,
        height: scenario.height,
        time: scenario.time,
        transaction: TransactionHash::default(),
        act: 0,
        signers: accounts,
        actor: None,
    };
    enterprise::authorize(&ctx, &mut scenario.state, call.roles, call.runs_off).map_err(|stop| match stop {
        Stop::Rejected(rejection) => rejection,
        Stop::Miss(miss) => panic!("a state in memory misses nothing: {miss:?}"),
    })
}

/// Whether two signers can stand for a role's functions, each person for one: written apart from the ledger's search.
fn enough(functions: &[Function], first: &[Function], second: &[Function]) -> bool {
    match functions {
        [] => true,
        [one] => first.contains(one) || second.contains(one),
        [one, other] => {
            (first.contains(one) && second.contains(other)) || (first.contains(other) && second.contains(one))
        }
        _ => false,
    }
}

fn allowed(call: &CallSpec, entity: EntityRole, first: &[Function], second: &[Function]) -> bool {
    let fits = |role: &&Role| role.entity.is_none_or(|wanted| wanted == entity);
    call.roles.iter().filter(fits).any(|role| enough(role.functions, first, second))
}

/// A signer list that satisfies `role` for the enterprise `name`.
fn sufficient(name: &str, role: &Role) -> Vec<String> {
    let mut left: Vec<&(&str, &[Function])> = PEOPLE.iter().collect();
    let take = |function: &Function| {
        let place = left.iter().position(|(_, held)| held.contains(function)).expect("people enough for every role");
        format!("{name}.{}", left.remove(place).0)
    };
    role.functions.iter().map(take).collect()
}

#[test]
fn each_act_is_refused_to_every_role_and_function_that_it_does_not_name() {
    let mut scenario = consortium();
    let mut refused = 0;
    for (module, call) in calls() {
        assert!(!call.roles.is_empty(), "{}.{} names nobody who may ask", module.name, call.name);
    }
    for (module, call) in calls_by_roles() {
        for entity in EntityRole::ALL {
            for (first, first_held) in PEOPLE {
                for (second, second_held) in PEOPLE {
                    // The first alone, and with each of the others.
                    let alone = first == second;
                    let accounts = [*first, *second].map(|person| scenario.account(&format!("{entity:?}.{person}")));
                    let signers = if alone { &accounts[..1] } else { &accounts[..] };
                    let expected = allowed(call, *entity, first_held, if alone { &[] } else { second_held });
                    let result = authorize(&mut scenario, signers, call);
                    let case = format!("{}.{} by {entity:?}: {first} and {second}", module.name, call.name);
                    assert_eq!(result.is_ok(), expected, "{case}: {result:?}");
                    refused += usize::from(!expected);
                }
            }
        }
    }
    assert!(refused > 1_000, "{refused} refusals: the table was walked");
}

#[test]
fn each_act_is_allowed_to_each_role_that_it_names_and_not_with_a_borrowed_signature() {
    let mut scenario = consortium();
    for (module, call) in calls_by_roles() {
        for role in call.roles {
            let name = format!("{:?}", role.entity.unwrap_or(EntityRole::Supplier));
            let signers = sufficient(&name, role);
            let mut accounts: Vec<AccountId> = signers.iter().map(|signer| scenario.account(signer)).collect();
            let case = format!("{}.{} by {signers:?}", module.name, call.name);
            let actor = authorize(&mut scenario, &accounts, call).unwrap_or_else(|refused| panic!("{case}: {refused}"));
            assert_eq!(actor.enterprise, Scenario::id(&name), "{case}");
            // The last signature comes from another enterprise in the same role: it counts for nothing here.
            if accounts.len() > 1 {
                scenario.register("OTHER", &role.entity.map_or(vec![EntityRole::Supplier], |entity| vec![entity]));
                let borrowed = signers[signers.len() - 1].replace(&name, "OTHER");
                *accounts.last_mut().unwrap() = scenario.account(&borrowed);
                let narrower = call.roles.iter().any(|other| other.functions.len() < role.functions.len());
                assert!(narrower || authorize(&mut scenario, &accounts, call).is_err(), "{case} with {borrowed}");
            }
        }
    }
}

#[test]
fn a_revoked_key_an_ended_delegation_and_an_inactive_enterprise_are_refused_every_act() {
    let whole = consortium();
    let missing = [enterprise::reject::signatures_missing("", "").code, enterprise::reject::maker_is_checker("").code];
    for (module, call) in calls_by_roles() {
        let role = &call.roles[0];
        let name = format!("{:?}", role.entity.unwrap_or(EntityRole::Supplier));
        let signers = sufficient(&name, role);
        let accounts: Vec<AccountId> = signers.iter().map(|signer| whole.account(signer)).collect();
        let code = |scenario: &mut Scenario| authorize(scenario, &accounts, call).map_err(|refused| refused.code);
        let case = format!("{}.{}", module.name, call.name);

        let mut revoked = whole.clone();
        change::<MemberKey>(&mut revoked.state, &accounts[0], |key| key.revoked_at = Some(types::Timestamp(0)));
        assert_eq!(code(&mut revoked), Err(enterprise::reject::key_revoked("").code), "{case}: E_CERT_REVOKED");

        let mut ended = whole.clone();
        let time = ended.time;
        let member: MemberId = ended.record::<MemberKey>(&accounts[0]).unwrap().member;
        change::<Member>(&mut ended.state, &member, |member| member.ends = Some(time));
        let refused = code(&mut ended).map(|_| ()).unwrap_err();
        assert!(missing.contains(&refused), "{case}: E_THRESHOLD, or E_MAKER_IS_CHECKER where one stood for two");

        let mut suspended = whole.clone();
        let id = Scenario::id(&name);
        change::<enterprise::Enterprise>(&mut suspended.state, &id, |own| {
            own.standing = enterprise::Standing::Suspended;
        });
        assert_eq!(code(&mut suspended), Err(enterprise::reject::standing("", "").code), "{case}: E_KYC_INACTIVE");
    }
}

fn change<R: Record>(state: &mut dyn State, id: &R::Id, edit: impl FnOnce(&mut R)) {
    let mut record = R::load(state, id).expect("memory misses nothing").expect("the harness wrote it");
    edit(&mut record);
    record.store(state, id);
}

#[test]
fn each_act_and_each_question_is_documented_and_so_is_each_of_their_fields() {
    let mut missing = Vec::new();
    for module in modules() {
        let acts = module.calls.iter().map(|call| (call.name, call.schema));
        let questions = module.queries.iter().map(|query| (query.name, query.schema));
        for (name, schema) in acts.chain(questions) {
            undocumented(&format!("{}.{name}", module.name), schema, &mut missing);
        }
        if module.about.is_empty() {
            missing.push(format!("{}: what it is about", module.name));
        }
    }
    // A module that has no act yet has nothing to say about itself.
    missing.retain(|line| {
        let module = modules().iter().find(|module| line.starts_with(&format!("{}:", module.name)));
        module.is_none_or(|module| !module.calls.is_empty())
    });
    assert!(missing.is_empty(), "without a sentence: {missing:#?}");
}

fn undocumented(name: &str, schema: fn(&mut SchemaGenerator) -> Schema, missing: &mut Vec<String>) {
    let mut generator = SchemaGenerator::default();
    let reference = schema(&mut generator);
    let target = reference.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    let definition = match target {
        Some(target) => generator.definitions().get(target).cloned().expect("a reference has its definition"),
        None => reference.to_value(),
    };
    let described =
        |value: &Value| value.get("description").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if !described(&definition) {
        missing.push(name.to_owned());
    }
    for (field, value) in definition.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if !described(value) {
            missing.push(format!("{name}: {field}"));
        }
    }
}

#[test]
fn numbers_and_names_are_given_once() {
    let mut modules_seen = (BTreeSet::new(), BTreeSet::new());
    for module in modules() {
        assert!(modules_seen.0.insert(module.number), "module {}", module.number);
        assert!(modules_seen.1.insert(module.name), "module {}", module.name);
        let once = |what: &str, of: Vec<String>| {
            let distinct: BTreeSet<&String> = of.iter().collect();
            assert_eq!(distinct.len(), of.len(), "{what} of {}: {of:?}", module.name);
        };
        once("act numbers", module.calls.iter().map(|call| call.number.to_string()).collect());
        let acts = module.calls.iter().map(|call| call.name);
        once("names", acts.chain(module.queries.iter().map(|query| query.name)).map(str::to_owned).collect());
        once("event numbers", module.events.iter().map(|event| event.number.to_string()).collect());
        once("table numbers", module.tables.iter().map(|table| table.number.to_string()).collect());
        assert!(module.calls.iter().all(|call| call.number > 0), "{}: acts count from 1", module.name);
    }
    let tables: Vec<&str> = modules().iter().flat_map(|module| module.tables.iter().map(|table| table.name)).collect();
    let events: Vec<&str> = modules().iter().flat_map(|module| module.events.iter().map(|event| event.name)).collect();
    for names in [tables, events] {
        let distinct: BTreeSet<&&str> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
    }
}

#[test]
fn rejections_have_one_code_and_one_name_each_in_the_hundred_of_their_module() {
    let mut names: BTreeMap<&str, u16> = BTreeMap::new();
    let mut codes = BTreeSet::new();
    let own = modules().iter().flat_map(|module| module.rejections.iter().map(|spec| (Some(*module), spec)));
    let common = tech::CATALOGUE.iter().chain(amount::CATALOGUE).map(|spec| (None, spec));
    for (module, spec) in common.chain(own) {
        assert!(codes.insert(spec.code), "code {} is given twice", spec.code);
        let earlier = names.insert(spec.name, spec.code);
        assert_eq!(earlier, None, "{} has two codes, {} among them", spec.name, spec.code);
        assert!(spec.name.starts_with("E_") && !spec.text.is_empty(), "{}", spec.name);
        match module {
            Some(module) => assert_eq!(spec.code / 100, module.number, "{} of {}", spec.name, module.name),
            None => assert!(spec.code < 200, "{}", spec.name),
        }
    }
}
