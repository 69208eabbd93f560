//! What is entered in the public registry of assignments.

use super::{rules::financing, tree, types::FinancingId};
use crate::{
    core::{Query, QueryContext},
    enterprise,
};
use ::types::{State, Stop, text::Remark};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What must the registration of a financing say?
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RegistrationText {
    /// The financing.
    pub financing: FinancingId,
}

impl Query for RegistrationText {
    const NAME: &'static str = "registration_text";
    type Answer = Remark;

    fn answer(&self, _ctx: &QueryContext, state: &mut dyn State) -> Result<Remark, Stop> {
        text(state, self.financing)
    }
}

/// The description of the assigned claim after the registry's template of 2026-01-08: certificate number, root number,
/// obligor, amount, maturity, platform.
pub(super) fn text(state: &mut dyn State, id: FinancingId) -> Result<Remark, Stop> {
    let financing = financing::load(state, id)?;
    let certificate = tree::certificate(state, financing.certificate)?;
    let obligor = enterprise::get(state, financing.obligor)?;
    let text = format!(
        "Electronic certificate of accounts receivable. Certificate no. {}; root no. {}; obligor {} ({}); amount {}; \
         maturity {}; platform Tributary",
        financing.lot, financing.certificate, obligor.name, obligor.legal_id, financing.amount, certificate.maturity
    );
    Ok(Remark::new(text).expect("name and legal id are clean and bounded below the limit of a remark"))
}
