//! wschat
#![forbid(unsafe_code)]
