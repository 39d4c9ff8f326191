//! Tests of the providers as a library, against servers that are not ours.

mod connections;
mod llama;
