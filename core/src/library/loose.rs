//! How a question's types read in TypeScript, where whoever asks may leave out what the answer always has.

use std::marker::PhantomData;

use ts_rs::{Config, TS, TypeVisitor};

/// An object of which nothing need be there.
#[derive(Debug)]
pub struct Loose<T>(PhantomData<T>);

/// Environment variables as node hands them out: one that is not set is `undefined`.
#[derive(Debug)]
pub struct Variables;

impl<T: TS> TS for Loose<T> {
    type WithoutGenerics = Loose<ts_rs::Dummy>;
    type OptionInnerType = Self;

    fn name(config: &Config) -> String {
        format!("Partial<{}>", T::name(config))
    }

    fn inline(config: &Config) -> String {
        Self::name(config)
    }

    fn visit_generics(visitor: &mut impl TypeVisitor)
    where
        Self: 'static,
    {
        T::visit_generics(visitor);
        visitor.visit::<T>();
    }
}

impl TS for Variables {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(_: &Config) -> String {
        "{ [key in string]: string | undefined }".to_owned()
    }

    fn inline(config: &Config) -> String {
        Self::name(config)
    }
}
