use super::*;
use crate::format::testing::survey;

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/text").join(name)).unwrap()
}

fn fixture(name: &str) -> Survey {
    assert!(Html.sniff(&bytes(name)), "{name}");
    survey(&Html, &bytes(name)).unwrap()
}

fn keys(survey: &Survey) -> Vec<&str> {
    survey.texts.iter().map(|text| text.key.as_str()).collect()
}

#[test]
fn pages_and_fragments_are_known_and_other_texts_are_not() {
    for page in [
        "<!DOCTYPE html>",
        "\u{feff}\n<!-- a --><!doctype HTML PUBLIC \"x\"><p>",
        "<?xml version=\"1.0\"?>\n<!DOCTYPE html><html>",
        "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\">",
        "<P>text",
        "<h1 class=a>",
        "<br/>",
    ] {
        assert!(Html.sniff(page.as_bytes()), "{page}");
    }
    for text in [
        "text <p>",
        "<pre1>",
        "<!DOCTYPE book>",
        "<?xml version=\"1.0\"?><p>",
        "<project>",
        "<svg>",
        "<",
        "< p>",
        "<!-- a",
        "<p\0>",
    ] {
        assert!(!Html.sniff(text.as_bytes()), "{text}");
    }
}

#[test]
fn every_label_of_a_page_is_a_field() {
    let found = fixture("labels.html");
    assert_eq!(keys(&found), ["ai-disclosure", "ai-generated", "AIGC", "JSON-LD", "ai-disclosure attribute"]);
    assert_eq!(found.texts[1].value, "true");
    assert!(
        found.texts[4].value.contains("\"element\":\"aside\"") && found.texts[4].place.starts_with("aside at byte ")
    );
    let found = fixture("fragment.html");
    assert!(found.texts[0].value.contains("\"value\":\"none\""));
    let found = fixture("link.html");
    assert_eq!(
        (keys(&found), found.texts[0].value.as_str()),
        (vec!["c2pa-manifest"], "https://example.com/steppe.c2pa")
    );
}

#[test]
fn comments_code_and_prose_are_no_labels() {
    let found = fixture("comments.html");
    assert!(found.texts.is_empty() && found.stores.is_empty() && found.unread.is_empty(), "{found:?}");
}

#[test]
fn a_store_is_carried_by_its_element() {
    let page = String::from_utf8(bytes("store.html")).unwrap();
    let found = fixture("store.html");
    let (start, end) = (page.find("<script").unwrap() as u64, page.find("</script>").unwrap() as u64 + 9);
    assert_eq!(found.stores[0].carrier.as_slice(), std::slice::from_ref(&(start..end)));
    assert_eq!(found.stores[0].jumbf, bytes("sidecar.c2pa"));
    // What else the element says is content.
    for other in
        ["<script type=\"application/c2pa\" onload=\"x\">", "<script type=application/c2pa type=text/javascript>"]
    {
        let page = page.replace("<script type=\"application/c2pa\">", other);
        let found = survey(&Html, page.as_bytes()).unwrap();
        assert_eq!((found.stores.len(), found.stores[0].carrier[0].start), (1, start + other.len() as u64), "{other}");
    }
    for same in ["<SCRIPT type='application/c2pa' >", "<script\ntype=application/c2pa>"] {
        let page = page.replace("<script type=\"application/c2pa\">", same);
        assert_eq!(survey(&Html, page.as_bytes()).unwrap().stores[0].carrier[0].start, start, "{same}");
    }
}

#[test]
fn two_manifests_and_open_scripts_are_said() {
    let page = String::from_utf8(bytes("store.html")).unwrap();
    let two = page.replace("</head>", "<link rel='x c2pa-manifest' href=//a></head>");
    assert_eq!(keys(&survey(&Html, two.as_bytes()).unwrap()), ["c2pa-manifest", "manifest.html.multipleManifests"]);
    let open = page.replace("</script>", "");
    let found = survey(&Html, open.as_bytes()).unwrap();
    assert!(found.stores.is_empty() && found.unread[0].contains("not closed"));
}

#[test]
fn text_hidden_in_a_page_is_found_outside_of_comments() {
    let text = |name| String::from_utf8(bytes(name)).unwrap();
    let found = survey(&Html, format!("<html><p>{}</p>", text("encypher.txt")).as_bytes()).unwrap();
    assert_eq!(keys(&found), ["hidden variation selectors"]);
    let found = survey(&Html, format!("<html><!-- {} --><p>a</p>", text("encypher.txt")).as_bytes()).unwrap();
    assert!(found.texts.is_empty());
    // A signed text in a page is not the page's label; in what only starts with a tag it is.
    let wrapper = text("wrapper.txt");
    let found = survey(&Html, format!("<html><p>{wrapper}</p>").as_bytes()).unwrap();
    assert_eq!((found.stores.len(), keys(&found)), (0, vec!["a C2PA text wrapper"]));
    let found = survey(&Html, format!("<p align=center>Title</p>\n\n{wrapper}").as_bytes()).unwrap();
    assert_eq!((found.stores.len(), keys(&found)), (1, vec!["a C2PA wrapper"]));
}

#[test]
fn a_page_in_an_older_encoding_is_read() {
    let page = b"<html><meta name=ai-disclosure content=autonomous><p>\xcf\xf0\xe8\xe2\xe5\xf2</p>";
    assert_eq!(keys(&survey(&Html, page).unwrap()), ["ai-disclosure"]);
}
