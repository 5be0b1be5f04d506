//! From nodes to the finished text.

use super::{Block, Call, Expression, Node, Path, Scope, Value};

/// Most expressions that one text may take: lists inside lists could ask for any number.
const STEPS: usize = 10_000;

pub(super) fn fill(nodes: &[Node], scope: &dyn Scope) -> Result<String, String> {
    let mut filling = Filling {
        scope,
        contexts: Vec::new(),
        steps: 0,
        text: String::new(),
    };
    filling.nodes(nodes)?;
    Ok(filling.text)
}

struct Filling<'a> {
    scope: &'a dyn Scope,
    /// What `this` is, by block, innermost last. Empty: the scope itself.
    contexts: Vec<Context>,
    steps: usize,
    text: String,
}

struct Context {
    this: Value,
    /// Of how many, and which one this is; where the block goes through a list.
    round: Option<(usize, usize)>,
}

impl Filling<'_> {
    fn nodes(&mut self, nodes: &[Node]) -> Result<(), String> {
        for node in nodes {
            self.steps += 1;
            if self.steps > STEPS {
                return Err("takes too many steps".to_owned());
            }
            match node {
                Node::Text(text) => self.text.push_str(text),
                Node::Show(call) => {
                    let text = self.call(call)?.print();
                    self.text.push_str(&text);
                }
                Node::Block(block) => self.block(block)?,
            }
        }
        Ok(())
    }

    fn block(&mut self, block: &Block) -> Result<(), String> {
        let (then, otherwise) = match block.inverted {
            false => (&block.then, &block.otherwise),
            true => (&block.otherwise, &block.then),
        };
        let helper = helper(&block.call);
        let arguments = self.values(&block.call.arguments)?;
        match (helper, arguments.as_slice()) {
            (Some("if" | "unless"), [value]) => {
                let zero = self.option(&block.call, "includeZero")?.holds(false);
                let holds = value.holds(zero) == (helper == Some("if"));
                self.nodes(if holds { then } else { otherwise })
            }
            (Some("with"), [value]) if value.holds(true) => self.within(value.clone(), None, then),
            (Some("with"), [_]) => self.nodes(otherwise),
            (Some("each"), [Value::List(values)]) if !values.is_empty() => self.each(values, then),
            (Some("each"), [_]) => self.nodes(otherwise),
            (Some(name @ ("if" | "unless")), _) => {
                Err(format!("#{name} requires exactly one argument"))
            }
            (Some("with"), _) => Err("#with requires exactly one argument".to_owned()),
            (Some("each"), _) => Err("Must pass iterator to #each".to_owned()),
            (_, []) => match self.call(&block.call)? {
                Value::Bool(true) => self.nodes(then),
                Value::Nothing | Value::Bool(false) => self.nodes(otherwise),
                Value::List(values) if values.is_empty() => self.nodes(otherwise),
                Value::List(values) => self.each(&values, then),
                value @ (Value::Number(_) | Value::Text(_)) => self.within(value, None, then),
            },
            _ => {
                let text = self.call(&block.call)?.print();
                self.text.push_str(&text);
                Ok(())
            }
        }
    }

    fn each(&mut self, values: &[Value], nodes: &[Node]) -> Result<(), String> {
        for (at, value) in values.iter().enumerate() {
            self.within(value.clone(), Some((values.len(), at)), nodes)?;
        }
        Ok(())
    }

    fn within(
        &mut self,
        this: Value,
        round: Option<(usize, usize)>,
        nodes: &[Node],
    ) -> Result<(), String> {
        self.contexts.push(Context { this, round });
        self.nodes(nodes)?;
        self.contexts.pop();
        Ok(())
    }

    fn values(&mut self, expressions: &[Expression]) -> Result<Vec<Value>, String> {
        expressions
            .iter()
            .map(|expression| self.value(expression))
            .collect()
    }

    fn value(&mut self, expression: &Expression) -> Result<Value, String> {
        self.steps += 1;
        match expression {
            Expression::Literal(value) => Ok(value.clone()),
            Expression::Path(path) => Ok(self.path(path)?.unwrap_or(Value::Nothing)),
            Expression::Call(call) => match &call.head {
                // In brackets a name is always a function.
                Expression::Path(path) if call.arguments.is_empty() && helper(call).is_none() => {
                    let name = path.names.join(".");
                    self.path(path)?.ok_or_else(|| missing(&name))
                }
                _ => self.call(call),
            },
        }
    }

    fn option(&mut self, call: &Call, name: &str) -> Result<Value, String> {
        let found = call.options.iter().find(|(known, _)| known == name);
        found.map_or(Ok(Value::Nothing), |(_, value)| self.value(value))
    }

    /// A name, or a function with its arguments.
    fn call(&mut self, call: &Call) -> Result<Value, String> {
        let path = match &call.head {
            Expression::Path(path) => path,
            Expression::Literal(value) => {
                // A literal in the place of a name is a name.
                return self.named(&value.print(), call);
            }
            Expression::Call(inner) => return self.call(inner),
        };
        let plain = call.arguments.is_empty() && call.options.is_empty();
        match path.names.as_slice() {
            [name] if !path.round && !path.own && path.up == 0 => self.named(name, call),
            // `this.` hides the helpers, and not the scope's own functions.
            [name] if !plain && path.own && path.up == 0 && helper_named(name).is_none() => {
                self.named(name, call)
            }
            names => {
                let value = self.path(path)?.unwrap_or(Value::Nothing);
                match plain || (call.arguments.is_empty() && is_nothing(&value)) {
                    true => Ok(value),
                    false => Err(missing(&names.join("."))),
                }
            }
        }
    }

    fn named(&mut self, name: &str, call: &Call) -> Result<Value, String> {
        let arguments = self.values(&call.arguments)?;
        match (name, arguments.as_slice()) {
            ("lookup", [of, ..]) if is_nothing(of) => return Ok(of.clone()),
            ("lookup", [of, key]) => return Ok(member(of, &key.print())),
            ("log", _) => return Ok(Value::Nothing),
            ("if" | "unless" | "each" | "with" | "lookup", _) => {
                return Err(format!("`{name}` is a block"));
            }
            _ => {}
        }
        let mut options = Vec::new();
        for (key, value) in &call.options {
            options.push((key.clone(), self.value(value)?));
        }
        if self.contexts.is_empty()
            && let Some(value) = self.scope.call(name, &arguments, &options)?
        {
            return Ok(value);
        }
        if !arguments.is_empty() {
            return Err(missing(name));
        }
        let path = Path {
            up: 0,
            round: false,
            own: false,
            names: vec![name.to_owned()],
        };
        let value = self.path(&path)?.unwrap_or(Value::Nothing);
        match options.is_empty() || is_nothing(&value) {
            true => Ok(value),
            // What is no function takes no options either.
            false => Err(missing(name)),
        }
    }

    /// `None` where the path leads nowhere.
    fn path(&self, path: &Path) -> Result<Option<Value>, String> {
        if path.round {
            return Ok(self.round(path));
        }
        let Some(level) = self.contexts.len().checked_sub(path.up) else {
            return Ok(None);
        };
        let context = level
            .checked_sub(1)
            .and_then(|level| self.contexts.get(level));
        let mut names = path.names.iter();
        let mut value = match context {
            Some(context) => context.this.clone(),
            None => match names.next() {
                // The scope itself has no text of its own; this is what JavaScript prints for an object.
                None => return Ok(Some(Value::Text("[object Object]".to_owned()))),
                Some(name) => match self.scope.name(name)? {
                    Some(value) => value,
                    None => return Ok(None),
                },
            },
        };
        for name in names {
            value = member(&value, name);
        }
        Ok(Some(value))
    }

    fn round(&self, path: &Path) -> Option<Value> {
        let level = self.contexts.len().checked_sub(path.up + 1)?;
        let rounds = self.contexts.get(..=level)?;
        let (count, at) = rounds.iter().rev().find_map(|context| context.round)?;
        match path.names.first()?.as_str() {
            "index" | "key" => u32::try_from(at)
                .ok()
                .map(|at| Value::Number(f64::from(at))),
            "first" => Some(Value::Bool(at == 0)),
            "last" => Some(Value::Bool(at + 1 == count)),
            _ => None,
        }
    }
}

/// The name of the helper that a call is of, if it is one that every scope has.
fn helper(call: &Call) -> Option<&str> {
    let Expression::Path(path) = &call.head else {
        return None;
    };
    let name = path.names.first()?.as_str();
    let own = path.own || path.round || path.up > 0 || path.names.len() > 1;
    helper_named(name).filter(|_| !own)
}

fn helper_named(name: &str) -> Option<&str> {
    matches!(name, "if" | "unless" | "each" | "with" | "lookup" | "log").then_some(name)
}

fn member(of: &Value, name: &str) -> Value {
    let index = name.parse::<usize>().ok();
    match (of, index) {
        (Value::List(values), Some(index)) => values.get(index).cloned().unwrap_or(Value::Nothing),
        (Value::Text(text), Some(index)) => {
            let c = text.chars().nth(index);
            c.map_or(Value::Nothing, |c| Value::Text(c.to_string()))
        }
        (Value::List(values), None) if name == "length" => length(values.len()),
        (Value::Text(text), None) if name == "length" => length(text.encode_utf16().count()),
        (
            Value::Nothing | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_),
            _,
        ) => Value::Nothing,
    }
}

/// What JavaScript takes for nothing where it looks for a function.
fn is_nothing(value: &Value) -> bool {
    !matches!(value, Value::List(_)) && !value.holds(false)
}

fn length(count: usize) -> Value {
    u32::try_from(count).map_or(Value::Nothing, |count| Value::Number(f64::from(count)))
}

fn missing(name: &str) -> String {
    format!("Missing helper: \"{name}\"")
}
