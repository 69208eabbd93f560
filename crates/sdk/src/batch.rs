//! Many signed transactions in one request.

use crate::{Client, Error};
use api::{
    message::{SubmittedMany, SubmittedOne},
    problem::Problem,
};
use types::{Bytes, List, Transaction, TransactionHash, limits, wire};

type Encoded = Bytes<{ limits::TRANSACTION_BYTES_MAX }>;

impl Client {
    /// Sends many signed transactions in one request; one answer each, in order.
    pub async fn submit_many(
        &self,
        transactions: &[Transaction],
    ) -> Result<Vec<Result<TransactionHash, Box<Problem>>>, Error> {
        let encoded = transactions.iter().map(|transaction| Encoded::new(transaction.encode()));
        let encoded = encoded.collect::<Result<Vec<_>, _>>().and_then(List::new);
        let encoded: List<Encoded, { limits::REQUEST_TRANSACTIONS_MAX }> =
            encoded.map_err(|message| wire::malformed(&message))?;
        let bytes = wire::encode(&encoded);
        let path = "/v1/transactions/batch";
        let answer: SubmittedMany = self.post_bytes(path, &[], "application/octet-stream", bytes).await?;
        let one = |answer: SubmittedOne| match answer {
            SubmittedOne::Taken(hash) => Ok(hash),
            SubmittedOne::Refused(problem) => Err(Box::new(problem)),
        };
        Ok(answer.answers.into_iter().map(one).collect())
    }
}
