"""A page of sections: one can be made again, and the others stay."""

from scripts.learning_page import with_section


def test_a_section_is_put_in_its_place_and_others_stay():
    page = with_section("# Head\n", "teams", "## Teams\nfirst")
    page = with_section(page, "problems", "## Problems")
    page = with_section(page, "teams", "## Teams\nsecond")
    expected = "# Head\n\n<!-- problems -->\n## Problems\n\n<!-- teams -->\n## Teams\nsecond\n"
    assert page == expected
