"""A person calls the functions of a model's code by hand."""

from playwright.sync_api import Locator, Page, expect

from tests.support.workbench import Workbench, new_model

CODE = """
held = None
def createModelState(params): return b"abc"
def instantiateModel(state):
    global held
    held = state
    print("holding", len(state))
def evaluate(params):
    if params["x"] < 0:
        raise ValueError("below zero")
    return {"length": len(held) + params["x"]}
"""
TOML = "[[evaluate_input]]\nname = 'x'\ntypes = ['i32']\n"


class Session:
    """As it is shown in the Run panel."""

    def __init__(self, workbench: Workbench) -> None:
        self.panel = workbench.run_panel
        self.calls = self.panel.get_by_role("list", name="Calls")

    def call(self, function: str) -> None:
        self.panel.get_by_role("group", name="Functions").get_by_role("button", name=function, exact=True).click()
        self.panel.get_by_role("button", name=f"Call {function}").click()

    def shown(self, number: int, name: str, ending: str) -> Locator:
        found = self.calls.get_by_label(f"Call {number}, {name}", exact=True)
        expect(found).to_contain_text(ending)
        return found


def test_functions_are_called_by_hand_and_what_came_of_them_stays(page: Page) -> None:
    workbench = new_model(page, name="Debugged", template="Linear regression")
    workbench.write("slipway.toml", TOML)
    workbench.write("main.py", CODE)
    workbench.start("Debug session")
    session = Session(workbench)
    session.shown(1, "Load code", "Succeeded")
    expect(workbench.run_panel).to_contain_text("ends by itself in")

    session.call("createModelState")
    made = session.shown(2, "createModelState", "Succeeded")
    session.call("instantiateModel")
    session.shown(3, "instantiateModel", "Exception")  # the model has no state yet
    made.locator("summary").click()
    made.get_by_role("button", name="Keep as state").click()
    expect(made).to_contain_text("New state created")
    form = workbench.run_panel.get_by_role("region", name="Call a function")
    form.get_by_role("combobox").select_option("The state of call 2")
    session.call("instantiateModel")
    expect(session.shown(4, "instantiateModel", "Succeeded")).to_contain_text("holding 3")

    x = form.get_by_label("x", exact=True)
    session.panel.get_by_role("button", name="evaluate", exact=True).click()
    x.fill("-1")
    session.call("evaluate")
    expect(session.shown(5, "evaluate", "Exception").get_by_label("Traceback")).to_contain_text("below zero")
    x.fill("4")
    session.call("evaluate")
    expect(session.shown(6, "evaluate", "Succeeded").get_by_label("Output length")).to_contain_text("7")

    workbench.write("main.py", "def train(params, tracker): pass\n")
    session.panel.get_by_role("button", name="Reload code").click()
    session.shown(7, "Load code", "Succeeded")
    expect(session.panel.get_by_role("button", name="Call train")).to_be_enabled()
    session.panel.get_by_role("button", name="End session").click()
    workbench.wait_ended("Debug session", "Stopped")

    page.reload()
    earlier = session.shown(6, "evaluate", "Succeeded")
    earlier.locator("summary").click()
    expect(earlier.get_by_label("Output length")).to_contain_text("7")
