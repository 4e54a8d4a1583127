//! The program `kyogi`.

/// What a shell calls a program that was ended by a closed pipe.
const CLOSED_PIPE: i32 = 141;

fn main() {
    // a reader such as `head` may close the pipe early: no error of ours, and no report of a crash
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str().is_some_and(|text| text.starts_with("failed printing to stdout")) {
            std::process::exit(CLOSED_PIPE);
        }
        usual(panic);
    }));
    std::process::exit(kyogi::commands::cli::main());
}
