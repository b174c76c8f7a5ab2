//! Embedded migrations are read when the crate is compiled, so a new one must make it compile again.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations/primary");
}
