use object::{Object, ObjectSymbol};

/// The vector code that the program of the calling test holds is inlined as far as it must be.
///
/// A closure or function that is compiled apart lacks its path's instructions, so that each of them becomes a call, and everything is
/// right but twenty times slower: no other test would see it.
pub fn vectors_are_inlined() {
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let program = object::File::parse(&*program).unwrap();
    let names: Vec<&str> = program.symbols().filter_map(|symbol| symbol.name().ok()).collect();
    assert!(names.iter().any(|name| name.contains("nascent_kernels")), "no symbols to look at");
    // The standard library and others have such functions for other processors' sake; ours are those of single precision.
    let is_ours = |name: &str| {
        let wide = name.contains("_mm256_") || name.contains("_mm512_");
        wide && name.contains("core_arch") && name.contains("_ps")
    };
    let called: Vec<&&str> = names.iter().filter(|name| is_ours(name)).collect();
    assert!(called.is_empty(), "called, not inlined (see `Work` in the kernels' lanes.rs): {called:?}");
}
