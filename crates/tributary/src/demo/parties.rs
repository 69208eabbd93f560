//! Who takes part in the demonstration, and who their people are. The companies are those of `examples/README.md`.

use ledger::core::{EntityRole, Function};

/// A company of the demonstration.
#[derive(Debug)]
pub struct Party {
    /// How the story and the key files call it.
    pub short: &'static str,
    pub name: &'static str,
    /// Unified social credit code, with valid check characters; all companies are fictional.
    pub legal_id: &'static str,
    pub roles: &'static [EntityRole],
}

/// The operator registers the others; it is in the genesis.
pub const OPERATOR: Party = Party {
    short: "OP",
    name: "Tributary Demonstration Services Co., Ltd.",
    legal_id: "91310115MADEMA879U",
    roles: &[EntityRole::Operator],
};

/// The others.
pub const PARTIES: &[Party] = &[
    Party {
        short: "CORE",
        name: "Northgate Motors Co., Ltd.",
        legal_id: "91310115MADEMAC150",
        roles: &[EntityRole::Core],
    },
    Party {
        short: "S1",
        name: "Willowbridge Steel Co., Ltd.",
        legal_id: "91320583MADEMA2113",
        roles: &[EntityRole::Supplier],
    },
    Party {
        short: "S2",
        name: "Copper Lantern Castings Co., Ltd.",
        legal_id: "91330206MADEMA326D",
        roles: &[EntityRole::Supplier],
    },
    Party {
        short: "S3",
        name: "Three Herons Tooling Co., Ltd.",
        legal_id: "91330182MADEMA430E",
        roles: &[EntityRole::Supplier],
    },
    Party {
        short: "BKA",
        name: "Upper River Commercial Bank Co., Ltd.",
        legal_id: "91310101MADEMBA4X0",
        roles: &[EntityRole::Bank],
    },
    Party {
        short: "BKB",
        name: "Stonequay Bank Co., Ltd.",
        legal_id: "91330106MADEMBB54R",
        roles: &[EntityRole::Bank],
    },
    Party {
        short: "SB",
        name: "Clearwater Settlement Bank Co., Ltd.",
        legal_id: "91310101MADEMBC69F",
        roles: &[EntityRole::Bank, EntityRole::SettlementAgent],
    },
    Party {
        short: "COURT",
        name: "Riverbend District Court",
        legal_id: "12310115MADEMAE93J",
        roles: &[EntityRole::Regulator],
    },
    Party {
        short: "TAX",
        name: "Invoice Platform Connector",
        legal_id: "11310115MADEMAF30U",
        roles: &[EntityRole::Connector],
    },
    Party {
        short: "REGISTRY",
        name: "Receivables Registry Connector",
        legal_id: "12310115MADEMAG45Y",
        roles: &[EntityRole::Connector],
    },
];

/// The people of each company: what a key is called behind the company's name, and what its owner may do.
pub const PEOPLE: &[(&str, &[Function])] = &[
    ("admin", &[Function::Admin]),
    ("maker", &[Function::Maker]),
    ("checker", &[Function::Checker]),
    ("approver", &[Function::Approver]),
    ("approver2", &[Function::Approver]),
    ("treasurer", &[Function::Treasurer]),
    ("treasurer2", &[Function::Treasurer]),
    ("risk", &[Function::Risk]),
];

/// The name of a person's key file: `core-maker` for `CORE.maker`.
pub fn key_name(party: &str, person: &str) -> String {
    format!("{}-{person}", party.to_lowercase())
}
