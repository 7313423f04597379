//! Every encoding, whole, damaged and as a bomb.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use hyper::header::HeaderValue;

fn text() -> Vec<u8> {
    format!("{{\"model\": \"gpt-5.2\", \"input\": \"{}\"}}", "hi ".repeat(40)).into_bytes()
}

/// By the command `zstd`, without its length and with its checksum.
const ZSTD: &str = "KLUv/QRYZQEARAJ7Im1vZGVsIjogImdwdC01LjIiLCAiaW5wdXQiOiAiaGkgIn0BAJKm7gm/pNJr";
/// By the zlib of Node.
const BROTLI: &str = "G5gA4CwKbFukPXexjVrll69FQFz2NotMjY48Q+urNLgUaaGDDThgD7BAcQE6PRtFB5bjNRHF+Etp";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::bufread::GzEncoder::new(bytes, Compression::fast()).read_to_end(&mut out).unwrap();
    out
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::bufread::ZlibEncoder::new(bytes, Compression::fast()).read_to_end(&mut out).unwrap();
    out
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::bufread::DeflateEncoder::new(bytes, Compression::fast()).read_to_end(&mut out).unwrap();
    out
}

fn zstd() -> Vec<u8> {
    STANDARD.decode(ZSTD).unwrap()
}

fn all(encoded: &[u8], encodings: &[Encoding]) -> Result<Bytes, Undecoded> {
    let budget: Arc<Budget> = Arc::default();
    decode_all(Bytes::copy_from_slice(encoded), encodings, budget.room()).map(|(bytes, _)| bytes)
}

#[test]
fn every_encoding_is_read_several_in_a_row_too() {
    let skipped = [&[0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd()].concat();
    for (encoded, encodings) in [
        (gzip(&text()), vec![Encoding::Gzip]),
        ([gzip(&text()[..9]), gzip(&text()[9..])].concat(), vec![Encoding::Gzip]),
        (zlib(&text()), vec![Encoding::Deflate]),
        (deflate(&text()), vec![Encoding::Deflate]),
        (STANDARD.decode(BROTLI).unwrap(), vec![Encoding::Brotli]),
        (zstd(), vec![Encoding::Zstd]),
        (skipped, vec![Encoding::Zstd]),
        (gzip(&zstd()), vec![Encoding::Zstd, Encoding::Gzip]),
        (text(), vec![]),
    ] {
        assert_eq!(all(&encoded, &encodings).as_deref(), Ok(&text()[..]), "{encodings:?}");
    }
    assert_eq!(all(&[zstd(), zstd()].concat(), &[Encoding::Zstd]).unwrap().len(), 2 * text().len());
    assert_eq!(all(b"", &[Encoding::Zstd]).as_deref(), Ok(&b""[..]));
}

#[test]
fn a_damaged_body_is_refused_by_the_name_of_its_encoding() {
    for (whole, encoding) in [
        (gzip(&text()), Encoding::Gzip),
        (zlib(&text()), Encoding::Deflate),
        (STANDARD.decode(BROTLI).unwrap(), Encoding::Brotli),
        (zstd(), Encoding::Zstd),
    ] {
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 0xFF;
        let mut damaged = vec![whole[..whole.len() / 2].to_vec(), b"{\"model\":\"m\"}".to_vec()];
        if encoding != Encoding::Brotli {
            damaged.push(flipped);
        }
        for bytes in damaged {
            let found = all(&bytes, &[encoding]);
            assert!(
                matches!(&found, Err(Undecoded::Damaged(name, _)) if *name == encoding.name()),
                "{encoding:?} {found:?}"
            );
        }
    }
    let large_window = [0x11, 0x1E, 0, 0];
    assert!(matches!(all(&large_window, &[Encoding::Brotli]), Err(Undecoded::Damaged("br", _))));
    // A frame that asks for a window of 128 MiB.
    let window = STANDARD.decode("KLUv/QSITAAACAABAPz/ORACAgAQAAIAEAACABAAAgAQAAIAEAACAA==").unwrap();
    assert!(matches!(all(&window, &[Encoding::Zstd]), Err(Undecoded::Damaged("zstd", _))));
}

#[test]
fn a_bomb_stops_at_the_bound_and_leaves_nothing_counted() {
    let bomb = gzip(&vec![b' '; usize::try_from(MAX_BODY).unwrap() + 1]);
    assert!(bomb.len() < 1024 * 1024);
    assert_eq!(all(&bomb, &[Encoding::Gzip]), Err(Undecoded::TooLong));
    assert_eq!(all(&gzip(&bomb), &[Encoding::Gzip, Encoding::Gzip]), Err(Undecoded::TooLong));
    let budget: Arc<Budget> = Arc::default();
    let mut other = budget.room();
    assert!(other.hold(60 * 1024 * 1024));
    let large = gzip(&vec![b' '; 8 * 1024 * 1024]);
    let decoded = decode_all(large.clone().into(), &[Encoding::Gzip], budget.room());
    assert_eq!(decoded.map(drop), Err(Undecoded::NoRoom));
    drop(other);
    let (bytes, room) = decode_all(large.into(), &[Encoding::Gzip], budget.room()).unwrap();
    drop((bytes, room));
    assert!(budget.room().hold(64 * 1024 * 1024));
}

#[test]
fn encodings_are_read_in_the_order_in_which_they_were_made() {
    let of = |values: &[&'static str]| {
        let pairs = values.iter().map(|value| (CONTENT_ENCODING, HeaderValue::from_static(value)));
        encodings(&pairs.collect())
    };
    for (values, expected) in [
        (vec![], Ok(vec![])),
        (vec!["identity", ""], Ok(vec![])),
        (vec!["x-gzip"], Ok(vec![Encoding::Gzip])),
        (vec!["GZIP, zstd"], Ok(vec![Encoding::Gzip, Encoding::Zstd])),
        (vec!["deflate", "br"], Ok(vec![Encoding::Deflate, Encoding::Brotli])),
        (vec!["snappy"], Err(Undecoded::Unknown("snappy".to_owned()))),
        (vec!["gzip,gzip,gzip,gzip,gzip"], Err(Undecoded::Unknown("5 of them".to_owned()))),
    ] {
        assert_eq!(of(&values), expected, "{values:?}");
    }
}

#[test]
fn a_short_answer_is_read_however_it_is_encoded_and_a_bomb_is_not() {
    let named = |name| HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(name))]);
    let bomb = gzip(&vec![b' '; LONGEST_ANSWER + 1]);
    for (encoded, headers, expected) in [
        (gzip(&text()), named("gzip"), Some(text())),
        (zstd(), named("zstd"), Some(text())),
        (text(), named("identity"), None),
        (text(), HeaderMap::new(), None),
        (text(), named("gzip"), None),
        (text(), named("unheard-of"), None),
        (bomb, named("gzip"), None),
    ] {
        let found = decoded_answer(&encoded.into(), &headers);
        assert_eq!(found.as_deref(), expected.as_deref(), "{headers:?}");
    }
}
