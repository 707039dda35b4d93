//! The blocks of an `environment.xml`.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Database, Environment, EnvironmentError, Extension, LARGEST, Level, Setting};

/// How deep elements may nest. Real ones nest six deep.
const DEEPEST: usize = 16;

/// How long a tag may be, in bytes. Real ones have some 120; comparing attributes with each other costs the square.
const LONGEST_TAG: usize = 2048;

/// Reads every block.
pub(super) fn blocks(xml: &[u8]) -> Result<Vec<Environment>, EnvironmentError> {
    let mut reader = Reader::from_reader(xml);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    let mut blocks = Vec::new();
    let mut path: Vec<Vec<u8>> = Vec::new();
    loop {
        let at = reader.buffer_position();
        let refused = |what| EnvironmentError::Refused { line: line(xml, at), what };
        let event = reader.read_event().map_err(|source| at_line(xml, at, source))?;
        match event {
            Event::Start(tag) => {
                if path.len() >= DEEPEST {
                    return Err(refused("such depth"));
                }
                if tag.len() > LONGEST_TAG {
                    return Err(refused("so long a tag"));
                }
                element(&tag, &path, &mut blocks).map_err(|source| match source {
                    quick_xml::Error::Escape(_) => refused("an entity"),
                    source => at_line(xml, at, source),
                })?;
                path.push(tag.name().as_ref().to_vec());
            }
            Event::End(_) => {
                path.pop();
            }
            Event::DocType(_) => return Err(refused("a document type")),
            // Whatever stands for other text: there is none that matters, and so none that could grow.
            Event::GeneralRef(_) => return Err(refused("an entity")),
            Event::Eof => break,
            Event::Empty(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_) => {}
        }
    }
    match path.last() {
        Some(open) => Err(EnvironmentError::Unfinished(String::from_utf8_lossy(open).into_owned())),
        None => Ok(blocks),
    }
}

/// Takes in what one element says.
fn element(
    tag: &BytesStart<'_>,
    path: &[Vec<u8>],
    blocks: &mut Vec<Environment>,
) -> Result<(), quick_xml::Error> {
    let inside: Vec<&[u8]> = path.iter().map(Vec::as_slice).collect();
    let value = |name| attribute(tag, name);
    if let (b"MOODLE", [b"COMPATIBILITY_MATRIX"]) = (tag.name().as_ref(), inside.as_slice()) {
        if let Some(moodle) = value("version")? {
            blocks.push(Environment { moodle, upgrades_from: value("requires")?, ..Environment::default() });
        }
        return Ok(());
    }
    let (Some(block), [b"COMPATIBILITY_MATRIX", b"MOODLE", inside @ ..]) =
        (blocks.last_mut(), inside.as_slice())
    else {
        return Ok(());
    };
    match (tag.name().as_ref(), inside) {
        (b"PHP", []) => block.php = value("version")?,
        (b"VENDOR", [b"DATABASE"]) => {
            if let (Some(vendor), Some(version)) = (value("name")?, value("version")?) {
                block.databases.push(Database { vendor, version });
            }
        }
        (b"PHP_EXTENSION", [b"PHP_EXTENSIONS"]) => {
            if let Some(name) = value("name")? {
                block.extensions.push(Extension { name, level: level(tag)? });
            }
        }
        (b"PHP_SETTING", [b"PHP_SETTINGS"]) => {
            if let (Some(name), Some(value)) = (value("name")?, value("value")?) {
                block.settings.push(Setting { name, value, level: level(tag)? });
            }
        }
        _ => {}
    }
    Ok(())
}

/// As core has it: whatever is not said to be optional is required.
fn level(tag: &BytesStart<'_>) -> Result<Level, quick_xml::Error> {
    let level = attribute(tag, "level")?;
    let optional = level.is_some_and(|level| matches!(level.as_str(), "optional" | "recommended"));
    Ok(if optional { Level::Optional } else { Level::Required })
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, quick_xml::Error> {
    let Some(attribute) = tag.try_get_attribute(name)? else { return Ok(None) };
    let text = std::str::from_utf8(&attribute.value).unwrap_or_default();
    let text = quick_xml::escape::unescape(text)?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

fn at_line(xml: &[u8], at: u64, source: quick_xml::Error) -> EnvironmentError {
    EnvironmentError::Xml { line: line(xml, at), source }
}

fn line(xml: &[u8], at: u64) -> usize {
    let passed = xml.get(..usize::try_from(at).unwrap_or(LARGEST)).unwrap_or(xml);
    passed.split(|&byte| byte == b'\n').count()
}
