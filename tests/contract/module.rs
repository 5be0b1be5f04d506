//! The module can do nothing but what wasm-bindgen's own glue does for it: make an error and throw it.
//!
//! This is the proof that the core cannot act. A longer list needs a reason in `docs/decisions`.

use crate::{root, text};

/// What the glue hands to the module, whole, but for the digits at the ends of names.
const IMPORTS: &str = r#"
        __wbg___wbindgen_rethrow: function(arg0) {
            throw arg0;
        },
        __wbg___wbindgen_throw: function(arg0, arg1) {
            throw new Error(getStringFromWasm0(arg0, arg1));
        },
        __wbg_new: function(arg0, arg1) {
            const ret = new Error(getStringFromWasm0(arg0, arg1));
            return ret;
        },
        __wbg_set_name: function(arg0, arg1, arg2) {
            arg0.name = getStringFromWasm0(arg1, arg2);
        },
        __wbindgen_init_externref_table: function() {
            const table = wasm.__wbindgen_externrefs;
            table.set(0, undefined);
            table.set(1024, undefined);
            table.set(1025, null);
            table.set(1026, true);
            table.set(1027, false);
        },
"#;

#[test]
fn the_glue_gives_the_module_nothing_but_errors_to_throw() {
    let glue = text("action/src/generated/core/cd_wasm.js");
    let (_, given) = glue
        .split_once("        __proto__: null,")
        .expect("the glue has an object of imports");
    let (given, _) = given
        .split_once("    };")
        .expect("the object of imports ends");
    assert_eq!(without_hashes(given).trim_end(), IMPORTS.trim_end());
}

#[test]
fn the_modules_ask_for_nothing_else() {
    for module in ["dist/core/core.wasm", "dist/metadata.wasm"] {
        asks_for_nothing_else(module);
    }
}

/// Each module is given the same: there is one glue. So the names must be its own, to the last digit.
fn asks_for_nothing_else(module: &str) {
    let module = std::fs::read(root().join(module)).expect("it is committed");
    let glue = text("action/src/generated/core/cd_wasm.js");
    let names = imports(&module);
    for name in &names {
        let (_, name) = name.split_once(' ').expect("a module and a name");
        assert!(glue.contains(&format!("{name}: function")), "{name}");
    }
    let mut asked: Vec<String> = names.iter().map(|name| without_hashes(name)).collect();
    asked.sort();
    let given: Vec<&str> = IMPORTS
        .lines()
        .filter_map(|line| {
            line.strip_prefix("        __")?
                .split_once(": function")
                .map(|(name, _)| name)
        })
        .collect();
    assert_eq!(
        asked,
        given
            .iter()
            .map(|name| format!("./cd_wasm_bg.js __{name}"))
            .collect::<Vec<_>>()
    );
}

/// Drops the 16 hexadecimal digits with which wasm-bindgen ends a name; they change with its version.
fn without_hashes(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('_') {
        let hash = rest
            .get(at + 1..at + 17)
            .is_some_and(|hash| hash.bytes().all(|b| b.is_ascii_hexdigit()));
        kept.push_str(&rest[..at]);
        if !hash {
            kept.push('_');
        }
        rest = &rest[at + if hash { 17 } else { 1 }..];
    }
    kept + rest
}

/// The imports of a module, as `MODULE NAME`.
///
/// The binary format: a head of 8 bytes, then sections of an id, a length and a body; section 2 is the imports, a count and
/// then two names, a kind and a type each.
fn imports(module: &[u8]) -> Vec<String> {
    let mut bytes = Bytes { rest: &module[8..] };
    loop {
        let id = bytes.take(1)[0];
        let length = bytes.number();
        let mut section = Bytes {
            rest: bytes.take(length),
        };
        if id == 2 {
            return (0..section.number())
                .map(|_| import(&mut section))
                .collect();
        }
    }
}

fn import(section: &mut Bytes<'_>) -> String {
    let (module, name) = (section.name(), section.name());
    assert_eq!(section.take(1), [0], "{name}: not a function");
    section.number();
    format!("{module} {name}")
}

struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        taken
    }

    /// LEB128.
    fn number(&mut self) -> usize {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let byte = self.take(1)[0];
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }

    fn name(&mut self) -> String {
        let length = self.number();
        String::from_utf8(self.take(length).to_vec()).expect("names are UTF-8")
    }
}
