//! The list as a stream.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::entry::{number, text, versions};
use super::{Catalogue, CatalogueError, CataloguePlugin};
use crate::component::Component;

/// Reads the whole list.
pub(super) fn read(json: &[u8], wanted: &BTreeSet<Component>) -> Result<Catalogue, CatalogueError> {
    let mut reader = Reader { wanted, catalogue: Catalogue::default(), listed: false };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let done = Part(&mut reader, Place::Top).deserialize(&mut deserializer);
    done.and_then(|()| deserializer.end()).map_err(CatalogueError::Json)?;
    if reader.listed { Ok(reader.catalogue) } else { Err(CatalogueError::NoPlugins) }
}

struct Reader<'w> {
    wanted: &'w BTreeSet<Component>,
    catalogue: Catalogue,
    listed: bool,
}

/// What the value at hand is.
#[derive(Clone, Copy)]
enum Place {
    /// The whole: an object with `plugins`.
    Top,
    /// The list of plugins.
    Plugins,
    /// One plugin.
    Plugin,
}

/// Reads the value at a place. A value of another shape than is due there is read over: in `Plugin` it is counted.
struct Part<'r, 'w>(&'r mut Reader<'w>, Place);

impl<'de> DeserializeSeed<'de> for Part<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Part<'_, '_> {
    fn other_shape(self) {
        if matches!(self.1, Place::Plugin) {
            self.0.catalogue.skipped.plugins += 1;
        }
    }
}

impl<'de> Visitor<'de> for Part<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of plugins")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self.1 {
            Place::Top => self.0.top(map),
            Place::Plugin => self.0.plugin(map),
            Place::Plugins => {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(())
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if let Place::Plugins = self.1 {
            self.0.listed = true;
            while list.next_element_seed(Part(self.0, Place::Plugin))?.is_some() {}
            return Ok(());
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        self.other_shape();
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.other_shape();
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.visit_unit()
    }
}

impl Reader<'_> {
    fn top<'de, A: MapAccess<'de>>(&mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "plugins" => map.next_value_seed(Part(self, Place::Plugins))?,
                "timestamp" => {
                    self.catalogue.timestamp = number(&map.next_value::<Value>()?);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn plugin<'de, A: MapAccess<'de>>(&mut self, mut map: A) -> Result<(), A::Error> {
        let (mut component, mut name, mut listed) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "component" => component = component_of(&map.next_value::<Value>()?),
                "name" => name = text(&map.next_value::<Value>()?),
                // As a rule the component comes first, and what nobody wants is never made into values.
                "versions" if component.as_ref().is_none_or(|found| self.wanted.contains(found)) => {
                    listed = Some(map.next_value::<Value>()?);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let Some(component) = component else {
            self.catalogue.skipped.plugins += 1;
            return Ok(());
        };
        let is_new = self.catalogue.names.insert(component.to_string());
        if !is_new {
            // The same plugin again: there is no telling which is right, and the first is kept.
            self.catalogue.skipped.plugins += 1;
        } else if self.wanted.contains(&component) {
            let versions = versions(listed.as_ref(), &mut self.catalogue.skipped.versions);
            let plugin = CataloguePlugin { component: component.clone(), name, versions };
            self.catalogue.plugins.insert(component, plugin);
        }
        Ok(())
    }
}

fn component_of(value: &Value) -> Option<Component> {
    value.as_str()?.parse().ok()
}
