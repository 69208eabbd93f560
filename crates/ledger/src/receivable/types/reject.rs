//! How this module says no.

types::rejections! {}
