//! The `provost` program. Everything is in the library, so that tests and generators can reach it.

fn main() -> std::process::ExitCode {
    provost::main()
}
