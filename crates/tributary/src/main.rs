/// A block's records are made on one thread and given up on another, which costs the allocator of the system a sixth of the
/// node's work and more; SQLite allocates here too.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    tributary::main()
}
