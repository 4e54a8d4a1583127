//! What a user calls: one word that is typed, one file. [`run`] is the batch; the others start from its packet or its parts.

pub mod agenda;
pub mod archive;
pub mod bench;
pub mod cli;
pub mod draft;
pub mod explain;
pub mod forms;
pub mod late;
pub mod letters;
pub mod next;
pub mod official;
pub mod publish;
pub mod run;
pub mod sample;
pub mod selftest;
pub mod training;
pub mod whatif;
pub mod word;
