//! The seam to signature checks of other validators' blocks.

use execution::Checked;
use std::sync::Arc;
use types::Rejection;

/// Checks the signatures of a block's transactions; which of them this node has checked already is its own matter.
pub type CheckBatch = Arc<dyn Fn(&[Arc<Checked>]) -> Result<(), Rejection> + Send + Sync>;
