//! Receipt proofs and certificates of a running chain, and every way to spoil them.

use super::support::{busy_chain, runner, spoiled};
use commonware_runtime::Runner as _;
use crypto::{
    finality::{Finality, FinalityError},
    receipt_proof::{Bundle, ProofError},
};
use std::sync::Arc;
use types::{Digest, FinalBlock, Genesis, Header, List, Receipt, wire};

/// A chain of a few blocks: its genesis, its blocks with what makes them final, and a proof of each receipt.
struct Shown {
    genesis: Arc<Genesis>,
    blocks: Vec<(Arc<FinalBlock>, Finality)>,
    receipts: Vec<(Receipt, Bundle)>,
}

fn shown() -> Shown {
    runner(0).start(|context| async move {
        let (genesis, services) = busy_chain(&context, 5, 3).await;
        let (mut blocks, mut receipts) = (Vec::new(), Vec::new());
        let head = services.head().borrow().height;
        for height in 1..=head {
            let block = services.block(height).await.unwrap().unwrap();
            for receipt in &block.receipts {
                let bundle = services.prove_receipt(height, receipt.index).await.unwrap().unwrap();
                receipts.push((receipt.clone(), bundle));
            }
            let behind = u32::try_from(block.receipts.len()).unwrap();
            assert_eq!(services.prove_receipt(height, behind).await.unwrap(), None);
            let finality = services.finality(height).await.unwrap().unwrap();
            blocks.push((block, finality));
        }
        assert_eq!(services.prove_receipt(head + 1, 0).await.unwrap(), None);
        assert_eq!(services.finality(head + 1).await.unwrap(), None);
        assert_eq!(services.finality(0).await.unwrap(), None);
        Shown { genesis, blocks, receipts }
    })
}

impl Shown {
    fn verify(&self, bundle: &Bundle, receipt: &[u8]) -> Result<u64, ProofError> {
        bundle.verify(self.genesis.chain(), &self.genesis.group_key, receipt).map(|header| header.height)
    }

    fn is_final(&self, header: &Header, finality: &Finality) -> Result<(), FinalityError> {
        finality.verify(self.genesis.chain(), &self.genesis.group_key, header)
    }
}

#[test]
fn every_receipt_is_proved_by_the_group_key_alone_and_for_itself_only() {
    let shown = shown();
    assert_eq!(shown.receipts.len(), 15);
    for (receipt, bundle) in &shown.receipts {
        let bytes = wire::encode(receipt);
        assert_eq!(shown.verify(bundle, &bytes), Ok(receipt.height));
        let json = serde_json::to_string(bundle).unwrap();
        assert_eq!(serde_json::from_str::<Bundle>(&json).unwrap(), *bundle);
        for (_, other) in shown.receipts.iter().filter(|(other, _)| other != receipt) {
            assert_eq!(shown.verify(other, &bytes), Err(ProofError::OtherRoot));
        }
        let chain = bundle.verify(Digest::default(), &shown.genesis.group_key, &bytes);
        assert_eq!(chain.map(drop), Err(ProofError::Finality(FinalityError::OtherChain)));
    }
}

#[test]
fn a_flipped_byte_anywhere_in_a_receipt_or_its_proof_is_refused() {
    let shown = shown();
    let (receipt, bundle) = &shown.receipts[7];
    assert!(bundle.steps.len() > 1, "several receipts are in the block");
    let bytes = wire::encode(receipt);
    for (position, spoiled) in spoiled(&bytes) {
        assert_eq!(shown.verify(bundle, &spoiled), Err(ProofError::OtherRoot), "byte {position} of the receipt");
    }
    for (position, spoiled) in spoiled(&wire::encode(bundle)) {
        if let Ok(other) = wire::decode::<Bundle>(&spoiled) {
            assert_ne!(other, *bundle, "byte {position} of the proof");
            assert!(shown.verify(&other, &bytes).is_err(), "byte {position} of the proof");
        }
    }
}

#[test]
fn a_flipped_byte_anywhere_in_a_certificate_or_its_block_is_refused() {
    let shown = shown();
    let (block, finality) = &shown.blocks[1];
    assert!(finality.descendants.is_empty());
    assert_eq!(shown.is_final(&block.header, finality), Ok(()));
    for (position, spoiled) in spoiled(&wire::encode(finality)) {
        if let Ok(other) = wire::decode::<Finality>(&spoiled) {
            assert_ne!(other, *finality, "byte {position}");
            assert!(shown.is_final(&block.header, &other).is_err(), "byte {position}");
        }
    }
    for (position, spoiled) in spoiled(&wire::encode(&block.header)) {
        if let Ok(other) = wire::decode::<Header>(&spoiled) {
            assert!(shown.is_final(&other, finality).is_err(), "byte {position} of the header");
        }
    }
    for (position, spoiled) in spoiled(&shown.genesis.group_key) {
        assert!(finality.verify(shown.genesis.chain(), &spoiled, &block.header).is_err(), "byte {position} of the key");
    }
}

#[test]
fn a_block_without_a_certificate_is_final_by_that_of_a_block_after_it() {
    let shown = shown();
    let headers: Vec<Header> = shown.blocks.iter().map(|(block, _)| block.header.clone()).collect();
    let (_, last) = shown.blocks.last().unwrap();
    let line = |headers: &[Header]| Finality { descendants: List::new(headers.to_vec()).unwrap(), ..last.clone() };
    let whole = line(&headers[1..]);
    assert!(whole.descendants.len() > 1);
    assert_eq!(shown.is_final(&headers[0], &whole), Ok(()));
    assert_eq!(shown.is_final(&headers[0], &line(&headers[2..])), Err(FinalityError::BrokenLine));
    assert_eq!(shown.is_final(&headers[1], &whole), Err(FinalityError::BrokenLine));
    let cut = line(&headers[1..headers.len() - 1]);
    assert_eq!(shown.is_final(&headers[0], &cut), Err(FinalityError::OtherBlock));
    for (position, spoiled) in spoiled(&wire::encode(&whole)) {
        if let Ok(other) = wire::decode::<Finality>(&spoiled) {
            assert_ne!(other, whole, "byte {position}");
            assert!(shown.is_final(&headers[0], &other).is_err(), "byte {position}");
        }
    }
}
