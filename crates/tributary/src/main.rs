/// A block is some ten thousand small allocations on several threads: the system's allocator took a sixth of a node's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    tributary::main()
}
