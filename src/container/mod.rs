//! Byte grammars that two formats or more share. Knows no label and no format.

pub(crate) mod bmff;
