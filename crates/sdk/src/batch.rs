//! Many signed transactions in one request.

use crate::{Client, Error, client::is_full};
use api::{
    message::{SubmittedMany, SubmittedOne},
    problem::Problem,
};
use std::time::Instant;
use types::{Bytes, List, Transaction, TransactionHash, limits, wire};

type Encoded = Bytes<{ limits::TRANSACTION_BYTES_MAX }>;

/// What a request answers for each of its transactions.
type Answers = Vec<Result<TransactionHash, Box<Problem>>>;

impl Client {
    /// Sends many signed transactions in one request; one answer each, in order. Those for which the node has no room are
    /// sent again when it may have some.
    pub async fn submit_many(&self, transactions: &[Transaction]) -> Result<Answers, Error> {
        let start = Instant::now();
        let mut answers = self.submit_once(transactions).await?;
        loop {
            let full = |answer: &Result<_, Box<Problem>>| answer.as_ref().is_err_and(|problem| is_full(problem));
            let places: Vec<usize> = (0..answers.len()).filter(|place| full(&answers[*place])).collect();
            // Those who were refused last have the longest way: all of them come back together then.
            let last = places.iter().filter_map(|place| answers[*place].as_ref().err().cloned());
            let Some(last) = last.max_by_key(|problem| problem.retry_ms()) else { return Ok(answers) };
            if self.pause(start, last).await.is_err() {
                return Ok(answers);
            }
            let again: Vec<Transaction> = places.iter().map(|place| transactions[*place].clone()).collect();
            for (place, answer) in places.into_iter().zip(self.submit_once(&again).await?) {
                answers[place] = answer;
            }
        }
    }

    async fn submit_once(&self, transactions: &[Transaction]) -> Result<Answers, Error> {
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
