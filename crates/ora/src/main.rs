//! The `ora` program; everything is in the library beside it.

fn main() -> std::process::ExitCode {
    ora::start()
}
