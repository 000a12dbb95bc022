"""The chapters, in order. Each does something through the real program, then asks the lab cloud whether it was so."""

import re

from interlock.testing.demo.stage import BEA, Ran, Stage, out
from interlock.testing.demo.witness import Contradiction, insist

PREMIUM = {"staging-services/app", "staging-services/worker"}


def a_repository(stage: Stage) -> None:
    stage.title("1. A repository")
    stage.say(
        """Four OpenTofu stacks (network, database, app, worker), a module that two of them share, and two environments, staging and
        production. Two files at the root say what is deployed, where, and who must agree."""
    )
    stage.run("git ls-files '*.yaml' '*.json' '*main.tf'")
    stage.run("interlock validate")


def day_one(stage: Stage) -> None:
    stage.title("2. Day one: everything, to staging")
    stage.say(
        "Nothing is deployed yet, so everything is. Staging asks nobody; the checks of app and worker are HTTP requests."
    )
    mark = stage.witness.mark()
    stage.run("interlock deploy --env staging")
    made = stage.witness.contents("staging")
    insist(len(made) == 5, f"staging has {sorted(made)}")
    writes = stage.witness.writes(mark)
    insist(sorted(writes) == sorted(f"POST {name}" for name in made), f"not each was created once: {writes}")
    insist(stage.witness.writers(mark) == {"writer"}, "the token for planning was used to write")
    answered = {name for name, status in stage.witness.health_checks(mark) if status == 200}
    insist(answered == {"app", "worker"}, f"healthy were {answered}")
    stage.seen(
        f"the lab cloud has {len(made)} new items, each created once, by the token that may write; app and worker answer 200"
    )

    stage.say(
        f"""Production wants a yes from the team platform. It is empty too, so the plans that need
        outputs of others are made after these, and approved then: no plan is made from guesses. {name_of(BEA)} approves in two waves."""
    )
    approve_until_done(stage, "interlock deploy --env production", BEA)
    insist(len(stage.witness.contents("production")) == 6, "production is not complete")
    stage.seen("production has its 6 items")


def a_branch(stage: Stage) -> None:
    stage.title("3. A branch: what would it change?")
    stage.say("Ann changes the shared module. Which stacks does that touch, why, and what would happen to them?")
    mark = stage.witness.mark()
    stage.run("git switch --quiet --create premium")
    stage.write("modules/service/main.tf", '"standard"', '"premium"')
    stage.commit("Give services the premium tier")
    told = stage.run("interlock affected --explain").output
    touched = re.findall(r"^ +~ (\S+)", told, re.MULTILINE)
    insist(touched == ["app", "worker"] * 2, f"affected are {touched}")
    stage.run("interlock plan")
    insist(not stage.witness.writers(mark), "planning wrote")
    stage.seen("2 of 4 components are affected, in both environments; the lab cloud saw reads and not one write")


def merged(stage: Stage) -> None:
    stage.title("4. Merged: staging, an approval, production")
    stage.run("git switch --quiet main")
    stage.run("git merge --quiet --no-ff --no-edit premium")
    mark, production = stage.witness.mark(), stage.witness.contents("production")
    blocked = stage.run("interlock deploy", exits=(3,))
    insist(
        sorted(stage.witness.writes(mark)) == sorted(f"PUT {name}" for name in PREMIUM), "staging was not updated so"
    )
    insist(stage.witness.contents("production") == production, "production was touched without a yes")
    stage.seen("staging is updated and verified; production is as it was, and waits")

    stage.say(
        "Bea, of the team platform, says yes to exactly these two plans. Ann is not in it, and who wrote a commit could not approve it anyway."
    )
    deployment = id_in(blocked)
    stage.run(f"interlock approve {deployment} --env production --as {BEA} --comment 'tier only, no replace'")
    mark = stage.witness.mark()
    stage.run("interlock deploy")
    writes = [name.replace("staging", "production") for name in PREMIUM]
    insist(
        sorted(stage.witness.writes(mark)) == sorted(f"PUT {name}" for name in writes), "production was not updated so"
    )
    insist({s for _, s in stage.witness.health_checks(mark)} == {200}, "a health check failed")
    stage.seen("two updates in production, nothing else; both services answer their health checks")


def a_bad_commit(stage: Stage) -> None:
    stage.title("5. A bad commit, undone in reverse")
    stage.say(
        "A bigger database, and a typo in the app's configuration. Both plans look fine; the app will not come up with it."
    )
    before, mark = stage.witness.contents(), stage.witness.mark()
    stage.write("stacks/database/staging.tfvars", "20", "40")
    stage.write("stacks/app/app.json", '"welcome",', '"welcome"')
    stage.commit("A bigger database and a new greeting")
    stage.run("interlock deploy", exits=(1,))
    database, app = "PUT staging-databases/orders", "PUT staging-services/app"
    insist(stage.witness.writes(mark) == [database, app, app, database], f"writes were {stage.witness.writes(mark)}")
    insist(stage.witness.contents() == before, "something is not as before")
    insist(("app", 503) in stage.witness.health_checks(mark), "the health check did not fail")
    stage.seen(
        "the journal: database, app; then app and database back. Every item is as before; production never saw it"
    )

    stage.say(
        "The commit is held: it does not come back by itself. A newer commit goes on; here, the revert, which leaves nothing to do."
    )
    stage.run("interlock hold list")
    stage.run("interlock deploy", exits=(3,), fold=True)
    stage.run("git revert --no-edit HEAD", fold=True)
    mark = stage.witness.mark()
    stage.run("interlock deploy", fold=True)
    insist(not stage.witness.writes(mark), "the revert wrote something")


def behind_our_back(stage: Stage) -> None:
    stage.title("6. A change behind our back")
    before = stage.witness.contents()
    stage.say("Somebody opens a console and scales the app in production down to one, past Git and everybody.")
    settings = before["production-services/app"]["settings"]
    stage.witness.edit("production-services", "app", {"settings": settings | {"replicas": 1}})
    insist(stage.witness.contents() != before, "the edit did nothing")
    stage.run("interlock drift --env production", exits=(2,))
    stage.say("Correcting it is a deployment like any other: production asks first.")
    mark = stage.witness.mark()
    blocked = stage.run("interlock drift --env production --apply", exits=(3,))
    deployment = id_in(blocked)
    stage.run(f"interlock approve {deployment} --as {BEA} --comment 'back to three'")
    stage.run(f"interlock deploy --resume {deployment}")
    insist(stage.witness.writes(mark) == ["PUT production-services/app"], f"writes were {stage.witness.writes(mark)}")
    insist(stage.witness.contents() == before, "it is not as before")
    stage.run("interlock drift --env production", fold=True)
    stage.seen("one write, and the app is as it was released")


def what_is_left(stage: Stage) -> None:
    stage.title("7. What is on record")
    stage.run("interlock status")
    stage.run("interlock history --env production")
    stage.run("interlock audit verify")
    password = stage.environment["SHOP_DATABASE_PASSWORD"].encode()
    files = [file for file in (stage.folder / "home").rglob("*") if file.is_file()]
    leaks = [file for file in files if password in file.read_bytes()]
    insist(bool(files) and not leaks, f"the database password stands in clear in {leaks}")
    stage.seen(f"the database password is in clear in none of the {len(files)} files that Interlock keeps")


def farewell(stage: Stage) -> None:
    stage.title("Done")
    stage.say("Everything is left for you, the lab cloud's contents too. Look around:")
    out(
        f"""
  cd {stage.folder}/shop && . ../env.sh && {{ ../start-lab & }}

  interlock status --check                          all checks, now
  interlock plan --at HEAD~1                        what the bad commit would do
  interlock rollback worker --env production --plan  the way back, only shown
"""
    )


CHAPTERS = (a_repository, day_one, a_branch, merged, a_bad_commit, behind_our_back, what_is_left, farewell)


def approve_until_done(stage: Stage, command: str, person: str) -> None:
    """Deploys, and as long as it waits, approves and goes on. Raises Contradiction after as many waves as there are stacks."""
    blocked = stage.run(command, exits=(3,), fold=True)
    for _ in range(2):
        stage.run(f"interlock approve {id_in(blocked)} --env production --as {person}")
        blocked = stage.run(command, exits=(0, 3), fold=True)
        if blocked.code == 0:
            return
    raise Contradiction(f"`{command}` still waits after two approvals")


def id_in(ran: Ran) -> str:
    """The deployment that a command's output names last."""
    found = re.findall(r"\bd-[a-z0-9]{4,}\b", ran.output)
    insist(bool(found), "the command named no deployment")
    return str(found[-1])


def name_of(person: str) -> str:
    return person.partition("@")[0].capitalize()
