//! Texts with `{{expressions}}`: the part of Handlebars that has a meaning where there is nothing but names and helpers.
//!
//! `{{x}}` and `{{{x}}}` are the same here: what is filled in is never escaped for HTML. A text is parsed (`parse`) and filled in
//! (`fill`) from a [`Scope`]. Blocks `if`, `unless`, `each`, `with` and the helper `lookup` work in every scope.

mod fill;
mod parse;
mod token;

/// A parsed text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Template {
    nodes: Vec<Node>,
}

/// What names stand for.
pub(super) trait Scope {
    /// What a name stands for. `Ok(None)`: it is unknown.
    fn name(&self, name: &str) -> Result<Option<Value>, String>;

    /// What a function gives for its arguments. `Ok(None)`: there is no such function.
    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        options: &[(String, Value)],
    ) -> Result<Option<Value>, String>;
}

/// A value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Nothing,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Self>),
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    Show(Call),
    Block(Block),
}

#[derive(Clone, Debug, PartialEq)]
struct Block {
    call: Call,
    /// `{{^x}}`
    inverted: bool,
    then: Vec<Node>,
    otherwise: Vec<Node>,
}

/// A name or helper with its arguments.
#[derive(Clone, Debug, PartialEq)]
struct Call {
    head: Expression,
    arguments: Vec<Expression>,
    options: Vec<(String, Expression)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Literal(Value),
    Path(Path),
    Call(Box<Call>),
}

/// `../this.name.[0]`
#[derive(Clone, Debug, PartialEq)]
struct Path {
    /// How many `../`.
    up: usize,
    /// `@name`: what a block says about its round.
    round: bool,
    /// `this.` or `./`: never a helper.
    own: bool,
    names: Vec<String>,
}

impl Template {
    /// Reads a text; what is wrong with it otherwise.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        // Most texts have no expression.
        if !text.contains("{{") {
            return Ok(Self {
                nodes: vec![Node::Text(text.to_owned())],
            });
        }
        parse::parse(text).map(|nodes| Self { nodes })
    }

    /// `{{name}}`
    pub(super) fn plain(name: &str) -> Self {
        let path = Path {
            up: 0,
            round: false,
            own: false,
            names: vec![name.to_owned()],
        };
        Self {
            nodes: vec![Node::Show(Call {
                head: Expression::Path(path),
                arguments: Vec::new(),
                options: Vec::new(),
            })],
        }
    }

    /// The text, every expression filled in.
    pub(super) fn fill(&self, scope: &dyn Scope) -> Result<String, String> {
        fill::fill(&self.nodes, scope)
    }

    /// The text before the first expression and behind the last one.
    pub(super) fn around(&self) -> (&str, &str) {
        (literal(self.nodes.first()), literal(self.nodes.last()))
    }

    /// Whether it shows everything that it names, and shows it whole: it has no blocks and no functions.
    pub(super) fn is_flat(&self) -> bool {
        self.nodes.iter().all(|node| match node {
            Node::Text(_) => true,
            Node::Block(_) => false,
            Node::Show(call) => {
                let whole = matches!(&call.head, Expression::Path(path) if path.names.len() == 1);
                whole && call.arguments.is_empty() && call.options.is_empty()
            }
        })
    }

    /// Whether some expression names this.
    pub(super) fn names(&self, name: &str) -> bool {
        names_in(&self.nodes, name)
    }
}

impl Value {
    /// As JavaScript prints it.
    pub(super) fn print(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => printed(*value),
            Self::Text(text) => text.clone(),
            Self::List(values) => {
                let texts: Vec<String> = values.iter().map(Self::print).collect();
                texts.join(",")
            }
        }
    }

    /// As `if` takes it: also a list without anything in it is not. 0 is only with `includeZero`.
    fn holds(&self, zero: bool) -> bool {
        match self {
            Self::Nothing => false,
            Self::Bool(value) => *value,
            Self::Number(value) => (*value != 0.0 && !value.is_nan()) || (zero && *value == 0.0),
            Self::Text(text) => !text.is_empty(),
            Self::List(values) => !values.is_empty(),
        }
    }
}

const fn literal(node: Option<&Node>) -> &str {
    match node {
        Some(Node::Text(text)) => text.as_str(),
        Some(Node::Show(_) | Node::Block(_)) | None => "",
    }
}

/// Whole numbers in the way that is short; the long one is only for the others.
fn printed(number: f64) -> String {
    let whole = number as i32;
    if f64::from(whole) == number && (whole != 0 || number.is_sign_positive()) {
        return whole.to_string();
    }
    number.to_string()
}

fn names_in(nodes: &[Node], name: &str) -> bool {
    nodes.iter().any(|node| match node {
        Node::Text(_) => false,
        Node::Show(call) => named_by(call, name),
        Node::Block(block) => {
            named_by(&block.call, name)
                || names_in(&block.then, name)
                || names_in(&block.otherwise, name)
        }
    })
}

fn named_by(call: &Call, name: &str) -> bool {
    let options = call.options.iter().map(|(_, value)| value);
    let mut parts = std::iter::once(&call.head)
        .chain(&call.arguments)
        .chain(options);
    parts.any(|part| match part {
        Expression::Literal(_) => false,
        Expression::Path(path) => path.names.first().is_some_and(|first| first == name),
        Expression::Call(call) => named_by(call, name),
    })
}

#[cfg(test)]
mod tests;
