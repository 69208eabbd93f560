//! Why the SDK has no answer.

use api::{Problem, problem};
use types::Rejection;

/// Why the SDK has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("reach the node at {url}")]
    Unreachable {
        url: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("{}: {}", .0.code, .0.detail)]
    Problem(Box<Problem>),
    #[error("the node's answer to {path} is not what the contract says")]
    Answer {
        path: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("{}: {}", Problem::from(.0).code, Problem::from(.0).detail)]
    Rejected(Rejection),
    #[error("the transaction {0} is not final yet: ask for it again")]
    NotFinal(types::TransactionHash),
    #[error("do not believe this node: {0}")]
    Proof(String),
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl Error {
    /// The stable name of the refusal, where the node or a rule refused: `E_LOT_SPENT`.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => Some(&problem.code),
            Self::Rejected(rejection) => {
                // The ledger's own, and those that the doors and this side add.
                let spec = problem::spec(rejection.code);
                spec.map(|spec| spec.name)
            }
            Self::Unreachable { .. } | Self::Answer { .. } | Self::NotFinal(_) | Self::Proof(_) => None,
        }
    }
}
