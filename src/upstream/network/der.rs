//! As much of DER (X.690) as it takes to read who signed a certificate. Every length is checked; nothing is trusted by it.

use crate::domain::plain_text::bounded;

/// The tag of a sequence.
pub const SEQUENCE: u8 = 0x30;

const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OBJECT_ID: u8 = 0x06;
const BMP_STRING: u8 = 0x1e;

/// The version of a certificate, which the first version leaves out.
const VERSION: u8 = 0xa0;

/// No name is shown longer, in characters.
const LONGEST_NAME: usize = 80;

/// What a name is called by: its common name, else its organisation, else its unit (X.520).
const NAMES: [&[u8]; 3] = [&[0x55, 0x04, 0x03], &[0x55, 0x04, 0x0a], &[0x55, 0x04, 0x0b]];

/// One element.
#[derive(Clone, Copy, Debug)]
pub struct Element<'b> {
    /// What it is.
    pub tag: u8,
    /// All of it.
    pub whole: &'b [u8],
    /// What is in it.
    pub content: &'b [u8],
    rest: &'b [u8],
}

/// The element that `bytes` begin with.
pub fn first(bytes: &[u8]) -> Option<Element<'_>> {
    let (&tag, behind) = bytes.split_first()?;
    let (&short, behind) = behind.split_first()?;
    let (length, behind) = if short < 0x80 {
        (usize::from(short), behind)
    } else {
        let count = usize::from(short & 0x7f);
        let digits = behind.get(..count).filter(|_| (1..=4).contains(&count))?;
        let length = digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
        (length, &behind[count..])
    };
    let content = behind.get(..length)?;
    let rest = &behind[length..];
    Some(Element { tag, whole: &bytes[..bytes.len() - rest.len()], content, rest })
}

fn elements(bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let element = first(rest)?;
        rest = element.rest;
        Some(element)
    })
}

/// Who signed a certificate, as people call them.
pub fn issuer(certificate: &[u8]) -> Option<String> {
    let signed = first(first(certificate)?.content)?;
    let fields = elements(signed.content).filter(|element| element.tag != VERSION);
    let mut fields = fields.skip_while(|element| element.tag == INTEGER);
    // The algorithm stands before the issuer.
    let name = fields.nth(1).filter(|element| element.tag == SEQUENCE)?;
    called(name.content)
}

fn called(name: &[u8]) -> Option<String> {
    let parts: Vec<(&[u8], Element<'_>)> = elements(name)
        .filter(|set| set.tag == SET)
        .flat_map(|set| elements(set.content))
        .filter_map(|pair| {
            let id = first(pair.content).filter(|id| id.tag == OBJECT_ID)?;
            Some((id.content, first(id.rest)?))
        })
        .collect();
    let found = NAMES.iter().find_map(|wanted| parts.iter().find(|(id, _)| id == wanted))?;
    bounded(&text(found.1), LONGEST_NAME)
}

fn text(value: Element<'_>) -> String {
    if value.tag == BMP_STRING {
        let units: Vec<u16> =
            value.content.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16_lossy(&units);
    }
    String::from_utf8_lossy(value.content).into_owned()
}
