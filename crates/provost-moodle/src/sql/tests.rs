use super::*;
use Dialect::{Mariadb, Postgresql};
use proptest::prelude::*;

fn rendered(text: &str, dialect: Dialect, values: &[&str]) -> Result<String, StatementError> {
    let given = values.iter().map(|value| value.parse::<Given>().unwrap());
    let values = given.map(|given| (given.name, given.value)).collect();
    Statement::read(text, dialect)?.render("mdl_", &values)
}

#[test]
fn braces_and_parameters_are_filled_in_and_quotes_are_left_alone() {
    let text = "SELECT '{user} :a', u.id::text FROM {user} u -- {x} :b\n WHERE u.username = :name AND 1 = :n LIMIT :n;\n";
    for dialect in [Postgresql, Mariadb] {
        let found = rendered(text, dialect, &["name=O'Hara", "n:=5"]).unwrap();
        let wanted = "SELECT '{user} :a', u.id::text FROM mdl_user u  \n WHERE u.username = 'O''Hara' AND 1 = 5 LIMIT 5\n";
        assert_eq!(found, wanted);
    }
}

#[test]
fn placeholders_of_vmoodle_are_understood() {
    let text = "select count(*) from [[prefix]]user where id > [[?least]]";
    assert_eq!(
        rendered(text, Mariadb, &["least=7"]).unwrap(),
        "select count(*) from mdl_user where id > '7'"
    );
    assert_eq!(
        rendered("select 1 where a = '[[?x]]'", Mariadb, &[]),
        Err(StatementError::Quoted { line: 1 })
    );
    let found = "[[x]]".to_owned();
    assert_eq!(rendered("select [[x]]", Mariadb, &[]), Err(StatementError::Placeholder { line: 1, found }));
    assert_eq!(rendered("select array[[1,2],[3,4]]", Postgresql, &[]).unwrap(), "select array[[1,2],[3,4]]");
}

#[test]
fn each_engine_has_its_own_quotes_and_comments() {
    let backslash = r"select 'a\', :x";
    assert_eq!(rendered(backslash, Postgresql, &["x=1"]).unwrap(), r"select 'a\', '1'");
    assert_eq!(
        rendered(backslash, Mariadb, &["x=1"]),
        Err(StatementError::Open { line: 1, what: "a quote" })
    );
    assert_eq!(rendered(r"select E'\':x'", Postgresql, &[]).unwrap(), r"select E'\':x'");
    assert_eq!(rendered("select $a$ ' :x $$ $a$, 1", Postgresql, &[]).unwrap(), "select $a$ ' :x $$ $a$, 1");
    assert_eq!(rendered("select /* /* :x */ */ 1", Postgresql, &[]).unwrap(), "select   1");
    assert_eq!(rendered("select /* /* :x */ 1", Mariadb, &[]).unwrap(), "select   1");
    assert_eq!(rendered("select 1--1 # :x", Mariadb, &[]).unwrap(), "select 1--1  ");
    assert_eq!(rendered("select /*! 1 */", Mariadb, &[]), Err(StatementError::Executed { line: 1 }));
    assert_eq!(rendered("select `a:x`", Mariadb, &[]).unwrap(), "select `a:x`");
}

#[test]
fn faults_are_told_with_their_line() {
    assert_eq!(rendered("select 1;\n\ndelete from x", Mariadb, &[]), Err(StatementError::Second { line: 3 }));
    assert_eq!(rendered("select 1; -- fine\n ", Postgresql, &[]).unwrap(), "select 1  \n ");
    assert_eq!(rendered(" -- nothing", Mariadb, &[]), Err(StatementError::Empty));
    let found = "{User}".to_owned();
    assert_eq!(rendered("select\n{User}", Mariadb, &[]), Err(StatementError::Braces { line: 2, found }));
    assert_eq!(rendered("select :a", Mariadb, &[]), Err(StatementError::Missing("a".to_owned())));
    assert_eq!(rendered("select 1", Mariadb, &["a=1"]), Err(StatementError::Unknown("a".to_owned())));
    assert_eq!(Statement::read("/* x */ (SELECT 1)", Mariadb).unwrap().verb(), "select");
}

#[test]
fn values_are_given_as_texts_or_whole_numbers() {
    assert_eq!("a==".parse::<Given>().unwrap().value, Value::Text("=".to_owned()));
    assert_eq!("a:=-3".parse::<Given>().unwrap().value, Value::Number(-3));
    assert_eq!("a:=3.5".parse::<Given>(), Err(GivenError::Number("3.5".to_owned())));
    assert_eq!("a b=1".parse::<Given>(), Err(GivenError::Form));
    assert_eq!(rendered("select 1-:a", Mariadb, &["a:=-3"]).unwrap(), "select 1-(-3)");
}

proptest! {
    /// Whatever a value holds, the statement is read again as one quote in its place.
    #[test]
    fn a_value_stays_one_quote(value in "[^\0]*", mariadb: bool) {
        let dialect = if mariadb { Mariadb } else { Postgresql };
        let values = BTreeMap::from([("v".to_owned(), Value::Text(value.clone()))]);
        let text = Statement::read("select :v, 1", dialect).unwrap().render("", &values).unwrap();
        let inner = text.strip_prefix("select ").and_then(|text| text.strip_suffix(", 1")).unwrap();
        prop_assert_eq!(inner, quoted(&value, dialect));
        if !value.contains("[[?") {
            let again = Statement::read(&text, dialect).unwrap();
            prop_assert_eq!(again.render("", &BTreeMap::new()).unwrap(), text);
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in ".*", mariadb: bool) {
        let dialect = if mariadb { Mariadb } else { Postgresql };
        Statement::read(&text, dialect).ok();
    }

    #[test]
    fn no_signs_break_the_reader(text in r#"([:'"`$;{}\[\]?\\#/*E! a-]|--|/\*|\n)*"#, mariadb: bool) {
        let dialect = if mariadb { Mariadb } else { Postgresql };
        Statement::read(&text, dialect).ok();
    }
}
