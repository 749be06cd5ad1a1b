//! The RFC 3161 time-stamp inside a COSE signature: who made it.

use c2pa::crypto::time_stamp::tsa_signer_cert_der_from_token;

use super::{
    cbor::{Item, Reader},
    der::{element, expect},
};

/// The certificates of the token in a COSE_Sign1 structure, the stamper's own first: C2PA 2.4 §10.3.2.5. `None` when there
/// is no token, or it is not signed by exactly one.
pub(super) fn certificates(cose: &[u8]) -> Option<Vec<Vec<u8>>> {
    let token = token(cose)?;
    // Of several signers any good one satisfies the engine, and it need not be the one that is asked for here.
    let (certificates, 1) = signed_data(token)? else { return None };
    let signer = tsa_signer_cert_der_from_token(token).ok()??;
    let others = certificates.into_iter().filter(|der| *der != signer).map(<[u8]>::to_vec);
    let others: Vec<_> = others.take(15).collect();
    Some([vec![signer], others].concat())
}

/// Whether a token is there at all.
pub(super) fn is_present(cose: &[u8]) -> bool {
    token(cose).is_some()
}

/// `unprotected["sigTst2" or "sigTst"]["tstTokens"][0]["val"]`.
fn token(cose: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(cose);
    let mut first = reader.next()?;
    if matches!(first, Item::Tag(_)) {
        first = reader.next()?;
    }
    let Item::Array(Some(4)) = first else { return None };
    reader.skip()?;
    let mut container = reader.value_of(&["sigTst2", "sigTst"])?;
    let mut tokens = container.value_of(&["tstTokens"])?;
    // The engine takes the first of several that is good.
    let Item::Array(Some(1)) = tokens.next()? else { return None };
    match tokens.value_of(&["val"])?.next()? {
        Item::Bytes(token) => Some(token),
        _ => None,
    }
}

/// The certificates and the number of signers of a CMS SignedData (RFC 5652 §5.1), in a ContentInfo or a TimeStampResp.
fn signed_data(token: &[u8]) -> Option<(Vec<&[u8]>, usize)> {
    const SEQUENCE: u8 = 0x30;
    const SET: u8 = 0x31;
    const OID: u8 = 0x06;
    const CONTEXT_0: u8 = 0xA0;
    let mut info = expect(&mut &*token, SEQUENCE)?;
    if info.first() != Some(&OID) {
        // TimeStampResp (RFC 3161 §2.4.2): the status, then the ContentInfo.
        expect(&mut info, SEQUENCE)?;
        info = expect(&mut info, SEQUENCE)?;
    }
    expect(&mut info, OID)?;
    let mut explicit = expect(&mut info, CONTEXT_0)?;
    let mut data = expect(&mut explicit, SEQUENCE)?;
    let (mut certificates, mut signers) = (Vec::new(), None);
    while !data.is_empty() {
        let (tag, content, _) = element(&mut data)?;
        match tag {
            CONTEXT_0 => {
                let mut set = content;
                while !set.is_empty() {
                    certificates.push(element(&mut set)?.2);
                }
            }
            // The digest algorithms are a SET as well: the last one counts the signers.
            SET => {
                let (mut set, mut count) = (content, 0);
                while !set.is_empty() {
                    element(&mut set)?;
                    count += 1;
                }
                signers = Some(count);
            }
            _ => {}
        }
    }
    Some((certificates, signers?))
}
