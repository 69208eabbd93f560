use super::{
    matching,
    state::need,
    types::{
        Contract, Invoice, InvoiceId, InvoiceLine, InvoiceLines, LINES_MAX, LineProgress, Match, Order, OrderId,
        OrderLine, OrderLines, OrderProgress,
    },
};
use crate::core::{Query, QueryContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Amount, List, State, Stop};

/// An invoice with its lines, and where its value went.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InvoiceOf {
    /// The invoice.
    pub invoice: InvoiceId,
}

/// An invoice, its lines, and what is claimed and open of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InvoiceView {
    pub invoice: Invoice,
    pub lines: List<InvoiceLine, LINES_MAX>,
    /// What certificates and transfers rest on, concluded or not.
    pub claimed: Amount,
    /// What nothing claims yet.
    pub open: Amount,
}

impl Query for InvoiceOf {
    const NAME: &'static str = "invoice";
    type Answer = InvoiceView;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<InvoiceView, Stop> {
        let invoice: Invoice = need(state, &self.invoice)?;
        let lines: InvoiceLines = need(state, &self.invoice)?;
        Ok(InvoiceView { claimed: invoice.balance.claimed(), open: invoice.open(), invoice, lines: lines.lines })
    }
}

/// How far an order has come, line by line.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OrderOf {
    /// The order.
    pub order: OrderId,
}

/// An order with its contract, its lines, and how far each has come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OrderView {
    pub order: Order,
    pub contract: Option<Contract>,
    pub lines: List<OrderLine, LINES_MAX>,
    /// In the order of the lines.
    pub progress: List<LineProgress, LINES_MAX>,
    /// Net amount of the invoices on the order that stand, less credit notes.
    pub invoiced: Amount,
}

impl Query for OrderOf {
    const NAME: &'static str = "order";
    type Answer = OrderView;
    fn answer(&self, _: &QueryContext, state: &mut dyn State) -> Result<OrderView, Stop> {
        let order: Order = need(state, &self.order)?;
        let contract = match order.contract {
            Some(contract) => Some(need::<Contract>(state, &contract)?),
            None => None,
        };
        let lines: OrderLines = need(state, &self.order)?;
        let progress: OrderProgress = need(state, &self.order)?;
        Ok(OrderView { order, contract, lines: lines.lines, progress: progress.lines, invoiced: progress.invoiced })
    }
}

/// How an invoice compares with its order, contract and goods receipts now, under the policy of now.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MatchOf {
    /// The invoice.
    pub invoice: InvoiceId,
}

impl Query for MatchOf {
    const NAME: &'static str = "match";
    type Answer = Match;
    fn answer(&self, ctx: &QueryContext, state: &mut dyn State) -> Result<Match, Stop> {
        let invoice: Invoice = need(state, &self.invoice)?;
        matching::compare(state, ctx.time, self.invoice, &invoice)
    }
}
