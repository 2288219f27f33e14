"""Choosing from the menu of a row, as a person does."""

from playwright.sync_api import Page, TimeoutError

TRIES = 5
PATIENCE = 2000  # milliseconds, until one sees that the menu has closed


def choose(page: Page, name: str, action: str) -> None:
    """Press Edit or Delete in the menu of the contact with this name.

    The list is fetched anew after a save; should that close the menu under the pointer, it is opened
    again.
    """
    button = page.get_by_role("button", name=f"Actions for {name}", exact=True).first
    item = page.get_by_role("menuitem", name=action).first
    for attempt in range(TRIES):
        if not item.is_visible():
            button.click()
        try:
            return item.click(timeout=PATIENCE)
        except TimeoutError:
            if attempt == TRIES - 1:
                raise
