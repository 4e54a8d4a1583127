//! The program `kyogi`.

fn main() {
    std::process::exit(kyogi::cli::main());
}
