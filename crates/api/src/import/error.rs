//! Why a file was refused, in words that a bookkeeper can act on.

use crate::problem::doors;
use serde::Serialize;
use std::fmt;
use types::Rejection;

/// The law that a file breaks. The codes are stable; those that begin with `BR` are the EN 16931 business rules.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rule {
    /// Bytes that are neither XML nor a table.
    Format,
    Xml,
    Doctype,
    Entity,
    Encoding,
    FileBytes,
    Depth,
    Elements,
    TagBytes,
    Lines,
    Documents,
    Adjustments,
    /// XML of a kind that this door does not read.
    Kind,
    TypeCode,
    Missing,
    Twice,
    Text,
    Number,
    Scale,
    Negative,
    Date,
    Currency,
    NegativeTotal,
    LineSum,
    AllowanceSum,
    ChargeSum,
    TaxExclusive,
    TaxSum,
    TaxInclusive,
    Payable,
    CategoryTax,
    CategoryBase,
    NoTax,
    LineNet,
    Table,
    Header,
    Disagree,
}

impl Rule {
    /// The code that people quote and programs match.
    pub fn code(self) -> &'static str {
        match self {
            Self::Format => "FORMAT",
            Self::Xml => "XML",
            Self::Doctype => "XML-DOCTYPE",
            Self::Entity => "XML-ENTITY",
            Self::Encoding => "ENCODING",
            Self::FileBytes => "LIMIT-BYTES",
            Self::Depth => "LIMIT-DEPTH",
            Self::Elements => "LIMIT-ELEMENTS",
            Self::TagBytes => "LIMIT-TAG",
            Self::Lines => "LIMIT-LINES",
            Self::Documents => "LIMIT-DOCUMENTS",
            Self::Adjustments => "LIMIT-ADJUSTMENTS",
            Self::Kind => "KIND",
            Self::TypeCode => "BR-CL-01",
            Self::Missing => "MISSING",
            Self::Twice => "TWICE",
            Self::Text => "TEXT",
            Self::Number => "NUMBER",
            Self::Scale => "SCALE",
            Self::Negative => "NEGATIVE",
            Self::Date => "DATE",
            Self::Currency => "CURRENCY",
            Self::NegativeTotal => "NEGATIVE-TOTAL",
            Self::LineSum => "BR-CO-10",
            Self::AllowanceSum => "BR-CO-11",
            Self::ChargeSum => "BR-CO-12",
            Self::TaxExclusive => "BR-CO-13",
            Self::TaxSum => "BR-CO-14",
            Self::TaxInclusive => "BR-CO-15",
            Self::Payable => "BR-CO-16",
            Self::CategoryTax => "BR-CO-17",
            Self::CategoryBase => "BR-S-08",
            Self::NoTax => "BR-CO-18",
            Self::LineNet => "LINE-NET",
            Self::Table => "TABLE",
            Self::Header => "TABLE-HEADER",
            Self::Disagree => "TABLE-DISAGREE",
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// A place in a file. Lines and columns count from 1; the path names elements, or a table's column.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    pub line: u32,
    pub column: u32,
    pub path: String,
}

impl Place {
    pub(super) fn refuse(self, rule: Rule, reason: impl Into<String>) -> ImportError {
        ImportError { rule, line: self.line, column: self.column, path: self.path, reason: reason.into() }
    }
}

/// Why a file was refused, and where. Nothing of a refused file is taken in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ImportError {
    pub rule: Rule,
    /// The line of the file, from 1.
    pub line: u32,
    /// The character of that line, from 1.
    pub column: u32,
    /// The element or the table column: `Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount`.
    pub path: String,
    /// What is wrong, in a sentence for a bookkeeper.
    pub reason: String,
}

impl ImportError {
    /// The refusal as a door tells it.
    pub fn rejection(&self) -> Rejection {
        doors::import_refused(self.line, self.column, &self.path, self.rule.code(), &self.reason)
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.reason, self.rule.code())
    }
}

impl std::error::Error for ImportError {}
