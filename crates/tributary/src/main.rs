fn main() -> std::process::ExitCode {
    tributary::main()
}
