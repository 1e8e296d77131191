"""What the session `supply` finds where there is something to find."""

from tests.supply.licences import Package, faults, locked, shown


def test_the_page_of_licences_lists_what_is_shipped_and_nothing_else() -> None:
    assert locked() == shown()


def test_a_licence_that_is_not_allowed_is_named() -> None:
    packages = [
        Package("good", "1", "MIT AND PSF-2.0"),
        Package("either", "1", "GPL-2.0-only OR MIT"),
        Package("bad", "2", "AGPL-3.0-only"),
        Package("silent", "3", ""),
    ]
    found = [fault for fault in faults(packages) if "not allowed" in fault]
    assert 2 == len(found)
    assert found[0].startswith("bad 2 is under 'AGPL-3.0-only'")
    assert found[1].startswith("silent 3")
