"""What each rule says in the cases of the table (`rows.py`), in their order.

First what is wanted, then what was found and what to do about it.
"""

ONCE_MET = "work on it, and record when it is met; or drop it, if it no longer applies"

SAID = {
    "way-in-recorded": [
        [
            "It is recorded how the client came to the agency.",
            "nothing recorded > record that they did",
            "nothing recorded > record who referred them",
            "nothing recorded > record how it did",
        ]
    ],
    "lead-assigned": [
        [
            "The case has a lead case manager.",
            "nobody leads it yet > assign a lead case manager",
        ]
    ],
    "demographics-recorded": [
        [
            "The client's demographic details are taken down.",
            "nothing recorded > take them down in the agency's form, and record that it was done",
        ]
    ],
    "screening-before-enrollment": [
        [
            "The first assessment, in the intake interview, is completed before enrollment.",
            "nothing recorded > complete the screening",
        ]
    ],
    "eligibility-before-enrollment": [
        [
            "The client is found eligible before being enrolled.",
            "nothing recorded > determine whether the client is eligible",
        ],
        [
            "The client is found eligible before being enrolled.",
            "eligible until 9 March 2026 > determine eligibility again",
        ],
        [
            "The client is found eligible before being enrolled.",
            "not eligible (income) > determine eligibility again if "
            "things have changed, or end the case: as ineligible, or as a "
            "discharge once the client was enrolled or served",
        ],
    ],
    "suitability-before-enrollment": [
        [
            "The program is found to suit the client before they are enrolled.",
            "nothing recorded > determine whether the program suits the client",
        ],
        [
            "The program is found to suit the client before they are enrolled.",
            "it does not suit them (no beds) > look for a program that "
            "does, or refer the client on",
        ],
    ],
    "readiness-before-enrollment": [
        [
            "The client has said that they are ready to be part of the program.",
            "the client said on 22 March 2026 that they are not ready yet > ask again, and "
            "record it once the client says that they are ready",
        ]
    ],
    "responsibilities-acknowledged": [
        [
            "The program was explained to the client, who accepted what is expected of them.",
            "no answer from the client > go through what is expected, "
            "and record what the client says to it",
        ],
        [
            "The program was explained to the client, who accepted what is expected of them.",
            "no orientation > hold the orientation with the client",
        ],
        [
            "The program was explained to the client, who accepted what is expected of them.",
            "the client has not accepted what is expected of them > go "
            "through what is expected, and record what the client says "
            "to it",
        ],
    ],
    "partnership-established": [
        [
            "Client and case manager have established their partnership.",
            "nothing recorded > record it once they work as partners",
        ]
    ],
    "enrolled-before-assessment": [
        [
            "The client is enrolled before the assessment begins.",
            "nothing recorded > enroll the client in a program",
        ]
    ],
    "needs-numbered": [
        [
            "The assessment names the client's needs or barriers, and numbers them.",
            "nothing recorded > record each need with a number, or complete the "
            "assessment and say that needs were asked for and none was found",
        ]
    ],
    "strengths-named": [
        [
            "The assessment names the client's strengths.",
            "nothing recorded > record at least one strength, or complete the "
            "assessment and say that strengths were asked for and none was found",
        ]
    ],
    "assessment-before-plan": [
        [
            "The assessment is completed before the plan is made.",
            "nothing recorded > complete the assessment",
        ],
        [
            "The assessment is completed before the plan is made.",
            "an assessment completed on 22 March 2026, before this reassessment "
            "began > complete the reassessment",
        ],
    ],
    "needs-prioritized": [
        [
            "The client has said which needs come first.",
            "need 1: no priority from the client > ask the client, "
            "and record the need again with their priority",
        ]
    ],
    "stated-in-both-terms": [
        [
            "Needs and strengths are stated objectively, and in the client's own words.",
            "nothing in the client's own words > record how the client says it",
        ],
        [
            "Needs and strengths are stated objectively, and in the client's own words.",
            "nothing in objective terms > record what can be seen or measured of "
            "a need or strength",
        ],
    ],
    "domains-assessed": [
        [
            "The assessment covers body, social life and state of mind.",
            "the biological and physical domain: nothing recorded > assess it, or "
            "record that the client declined or that it does not apply",
        ]
    ],
    "capacities-assessed": [
        [
            "It is assessed what the client, their network and the agency can do about the needs.",
            "the client's network: not assessed > record what they can do, or why "
            "that was not assessed",
        ]
    ],
    "client-took-part": [
        [
            "The client took part in the assessment.",
            "not recorded whether they did > go through the assessment with the "
            "client, and say so when it is completed",
        ],
        [
            "The client took part in the assessment.",
            "the client did not > go through the assessment with the client, and "
            "say so when it is completed",
        ],
    ],
    "assessment-is-systematic": [
        [
            "The assessment names the form or test that was used, and where "
            "its information is from.",
            "no form or test > name the form or test that was used",
            "no source of information > say where the information is from: an "
            "interview, papers, relatives, observation, tests",
        ]
    ],
    "sections-told": [
        [
            "The plan holds the client's wishes.",
            "expectations: nothing recorded > ask about it, and record what was said "
            "(also that the client declined, or that it does not apply)",
        ]
    ],
    "goals-set": [
        [
            "The client has goals.",
            "nothing recorded > set goals with the client, and record each with a number",
        ]
    ],
    "goals-answer-needs": [
        [
            "Every goal answers a need that was assessed.",
            "goal 1: no need > record the goal again, with the numbers of assessed needs",
        ],
        [
            "Every goal answers a need that was assessed.",
            "goal 1: needs 7 and 8, which were not assessed > record the goal again, with the "
            "numbers of assessed needs",
        ],
    ],
    "goals-measurable": [
        [
            "Every goal says how it is measured, what is to be reached, and by when.",
            "goal 1: no measure, no target, no target date > record the goal again, so "
            "that you and the client can tell if it is achieved",
        ],
        [
            "Every goal says how it is measured, what is to be reached, and by when.",
            "goal 1: no target date > record the goal again, so that you and the client "
            "can tell if it is achieved",
        ],
    ],
    "goals-accepted": [
        [
            "The client has accepted every goal as their own.",
            "goal 2: not accepted by the client > ask the client, and record that they "
            "accept it, or drop it",
        ]
    ],
    "short-and-long-term-goals": [
        [
            "There are short-term and long-term goals.",
            "long-term goals: none > set a long-term goal, or mark the one that is",
        ]
    ],
    "outputs-and-outcomes": [
        [
            "The plan measures both what is done and what changes.",
            "outcomes: no goal that measures them > say of a goal that it measures what changes",
        ]
    ],
    "goals-have-actions": [
        [
            "For every goal the plan says what is done to reach it.",
            "goal 2: no item of the plan > draft a plan item that serves goal 2",
        ]
    ],
    "items-serve-goals": [
        [
            "Every plan item serves a goal.",
            "plan item 1: no goal > draft plan item 1 again, with the goals it serves",
        ],
        [
            "Every plan item serves a goal.",
            "plan item 1: no goal that still stands > draft plan item 1 again, with "
            "the goals it serves",
        ],
    ],
    "barriers-have-strategies": [
        [
            "For every need or barrier there is a strategy to overcome it.",
            "need 1: no strategy > record how it is to be overcome",
        ]
    ],
    "strengths-built-upon": [
        [
            "For every strength there is a strategy to build upon it.",
            "strength 1: no strategy > record how the plan builds upon it",
        ],
    ],
    "goals-evaluated": [
        [
            "Progress is evaluated by the goals of the plan.",
            "goal 2: not evaluated > evaluate what came of it by its measure, naming goal 2",
        ]
    ],
    "referrals-handed-off": [
        [
            "Every referral that has a number was handed off, or has ended otherwise.",
            "referral 1: no handoff > ask the agency, and record that the handoff is confirmed, "
            "or how it ended",
        ]
    ],
    "client-has-a-part": [
        [
            "The client has something to do in the plan.",
            "every item is done by others > agree with the client on what they do, "
            "and mark that item",
        ]
    ],
    "review-scheduled": [
        [
            "The plan says when it is looked at again.",
            "nothing recorded > set the day of the review",
        ]
    ],
    "major-goals-achieved": [
        [
            "Each goal that the client pursues is achieved; which are major is for staff to judge.",
            "goal 2: not achieved > record when it is achieved, or drop it with a reason",
        ],
        [
            "Each goal that the client pursues is achieved; which are major is for staff to judge.",
            "goal 1: not achieved > record when it is achieved, or drop it with a reason",
        ],
    ],
    "needs-covered": [
        [
            "Every numbered need is met, addressed by a plan item, or deferred with a reason.",
            "need 2: no plan item, and no deferral with a reason > draft a plan item for "
            "need 2, defer it with a reason, or record that it is met",
        ],
        [
            "Every numbered need is met, addressed by a plan item, or deferred with a reason.",
            "need 2: no plan item, and no deferral with a reason > draft a plan item for "
            "need 2, defer it with a reason, or record that it is met",
        ],
    ],
    "plan-items-relate": [
        [
            "Every plan item names the number of a need that was assessed.",
            "plan item 1: need 3, which was not assessed > give the plan item the "
            "numbers of assessed needs",
        ],
        [
            "Every plan item names the number of a need that was assessed.",
            "plan item 1: no need > give the plan item the numbers of assessed needs",
        ],
        [
            "Every plan item names the number of a need that was assessed.",
            "a plan without items > draft the items of the plan",
        ],
    ],
    "plan-items-complete": [
        [
            "Every plan item says who does what, until when, and what is expected to change.",
            "plan item 1: nobody who does it, no date > draft the item again, "
            "with who does it and a date",
        ],
        [
            "Every plan item says who does what, until when, and what is expected to change.",
            "plan item 1: no activity, no expected outcome > draft the item "
            "again, with an activity and an expected outcome",
        ],
    ],
    "plan-agreed": [
        [
            "The client has agreed to the plan as it stands.",
            "nothing recorded > go through the plan with the client, and record how they agreed",
        ],
        [
            "The client has agreed to the plan as it stands.",
            "the client did not agree (too far) > change the plan with the client, and record it "
            "once they agree",
        ],
        [
            "The client has agreed to the plan as it stands.",
            "changed or recorded since the client agreed: plan item 1 > go through the "
            "changes with the client, and record how they agreed",
        ],
        [
            "The client has agreed to the plan as it stands.",
            "changed or recorded since the client agreed: objective 1 > go through the "
            "changes with the client, and record how they agreed",
        ],
        [
            "The client has agreed to the plan as it stands.",
            "changed or recorded since the client agreed: plan item 2 was taken out > "
            "go through the changes with the client, and record how they agreed",
        ],
    ],
    "agreement-stands": [
        [
            "Where the client was asked about the plan, they have agreed to it as it stands.",
            "changed or recorded since the client agreed: objective 1 > go through the "
            "changes with the client, and record how they agreed",
        ],
    ],
    "plan-approved": [
        ["The plan is approved as it stands.", "nothing recorded > have the plan approved"],
        [
            "The plan is approved as it stands.",
            "changed or recorded since it was approved: goal 3 was dropped > have the plan "
            "approved again, as it is now",
        ],
    ],
    "plan-current": [
        [
            "There is an agreed plan, and its review is not overdue.",
            "its review was due on 1 May 2026 > review the plan with the client",
        ],
        [
            "There is an agreed plan, and its review is not overdue.",
            "its review was due on 1 May 2026 > review the plan with the client",
        ],
        [
            "There is an agreed plan, and its review is not overdue.",
            "no agreed plan > agree on the plan with the client",
        ],
    ],
    "service-in-plan": [
        [
            "A service belongs to an item of the plan.",
            "no plan item > name the plan item that it belongs to, or bring the plan up to date",
        ],
    ],
    "note-refers-to-plan": [
        [
            "A progress note says to which items of the plan it belongs.",
            "no item of the plan > name the plan items that it is about",
        ]
    ],
    "note-tells-efforts": [
        [
            "A progress note tells what the client and the case manager did.",
            "nothing the client did > note what the client did",
        ],
        [
            "A progress note tells what the client and the case manager did.",
            "nothing the case manager did > note what the case manager did",
        ],
    ],
    "note-concise": [
        [
            "A progress note says something, in at most 40 characters.",
            "an empty note > write what happened",
        ],
        [
            "A progress note says something, in at most 40 characters.",
            "1,499 characters > say it in fewer words",
        ],
    ],
    "recorded-in-time": [
        [
            "What happened is written down within 2 days.",
            "10 days later > write it down sooner the next time",
        ]
    ],
    "evaluated-in-figures-and-words": [
        ["An evaluation holds both a figure and a judgement.", "no figure > say what was measured"],
        [
            "An evaluation holds both a figure and a judgement.",
            "no judgement > say what the figure means for the client",
        ],
    ],
    "no-open-issues": [
        [
            "Nothing that monitoring found stands in the way.",
            "issue 1 (service delivery system): open > resolve it, and record how",
        ]
    ],
    "caseload-cap": [
        [
            "The case manager leads at most one case, this one included.",
            "mo leads one case already > assign it to somebody else",
        ]
    ],
    "recorded": [
        ["The client has a place.", "nothing recorded > record it"],
        ["The client has a place.", "only before, on 22 March 2026 > record it"],
        ["The client has a place.", "nothing recorded > record it"],
    ],
    "at-least": [["There are two notes.", "1 of 2 (progress noted) > 1 more is needed"]],
    "not-older-than": [
        [
            "The assessment is of this year.",
            "the latest is of 22 March 2026 > do it again, and record it",
        ]
    ],
    "closure-criteria-set": [
        [
            "Client and case manager have agreed how both will know that services can end.",
            "nothing recorded > agree on closure criteria with the client, and record them",
        ]
    ],
    "closure-criteria-met": [
        [
            "The closure criteria agreed with the client are met.",
            f"closure criterion 2: not met > {ONCE_MET}",
        ],
        [
            "The closure criteria agreed with the client are met.",
            f"closure criterion 2: not met > {ONCE_MET}",
        ],
        [
            "The closure criteria agreed with the client are met.",
            "no closure criteria > agree with the client how both will know that services can end",
        ],
        [
            "The closure criteria agreed with the client are met.",
            f"closure criterion 1: not met > {ONCE_MET}",
        ],
    ],
    "criteria-agreed-by-both": [
        [
            "Every closure criterion was agreed by the client and the case manager.",
            "closure criterion 1: agreed by the case manager > agree on it "
            "together, and record who did",
        ],
        [
            "Every closure criterion was agreed by the client and the case manager.",
            "closure criterion 1: agreed by the representative > agree on it "
            "together, and record who did",
        ],
        [
            "Every closure criterion was agreed by the client and the case manager.",
            "closure criterion 1: agreed by nobody > agree on it together, and record who did",
        ],
    ],
    "able-to-function-independently": [
        [
            "The client has shown that they can function independently.",
            "no criterion for it > agree on what will show it, and record when it is met",
        ],
        [
            "The client has shown that they can function independently.",
            f"closure criterion 1: not met > {ONCE_MET}",
        ],
    ],
    "exit-interview": [
        [
            "There was an exit interview for each program, or it is recorded why not.",
            "program housing: no exit interview > hold it, or record that it was "
            "offered, declined, or could not be held",
        ]
    ],
    "follow-up-session": [
        [
            "There was a follow-up session for each program, or it is recorded why not.",
            "program housing: no follow-up session > hold it, or record that it was "
            "offered, declined, or could not be held",
        ]
    ],
    "closing-review": [
        [
            "Client and case manager have looked back on the process and the progress made.",
            "nothing recorded > hold the review, or record that it was offered, "
            "declined, or could not be held",
        ]
    ],
    "next-stage-planned": [
        [
            "The client has a plan for the next stage.",
            "nothing recorded > make the plan with the client, and record it",
        ]
    ],
    "continuing-services-listed": [
        [
            "The ways in which the agency can go on serving the client are listed.",
            "nothing recorded > list them, or record that there are none",
        ]
    ],
    "resources-listed": [
        [
            "Resources and referrals for the client are listed.",
            "nothing recorded > list them, or record that there are none",
        ]
    ],
    "programs-completed": [
        [
            "The client has completed each program, or it is recorded that they did not.",
            "program housing: nothing recorded > record whether the client completed it",
        ]
    ],
    "outcome-as-recorded": [
        [
            "A case is closed as completed only where the client left no program before its end.",
            "program housing: that the client did not complete it > close the case with the true "
            "outcome; or, if the client did complete it, record that",
        ]
    ],
    "found-ineligible": [
        [
            "The client was found not eligible.",
            "eligible > determine eligibility again, or choose another ending",
        ],
        [
            "The client was found not eligible.",
            "nothing recorded > determine whether the client is eligible",
        ],
    ],
    "not-yet-enrolled": [
        [
            "The client is not enrolled, and services have not begun.",
            "enrolled in housing > end the case as withdrawn: the client leaves what has begun",
        ],
        [
            "The client is not enrolled, and services have not begun.",
            "services have begun > end the case as withdrawn: the client leaves what has begun",
        ],
    ],
    "enrolled-before-withdrawal": [
        [
            "The client is enrolled, or services have begun.",
            "not enrolled, and no services > end the case as declined; or, if the client was "
            "enrolled, record the enrollment with its own day first",
        ]
    ],
    "transfer-accepted": [
        [
            "It is said which agency takes the case over, and who accepted it there.",
            "no agency > name the agency that takes the case over",
        ],
        [
            "It is said which agency takes the case over, and who accepted it there.",
            "nobody who accepted it > ask that agency to accept the case, and name who did",
        ],
    ],
    "referred-elsewhere": [
        [
            "The client was referred to somebody who can help.",
            "nothing recorded > make the referral, and record it",
        ],
        [
            "The client was referred to somebody who can help.",
            "referral 1, which ended without service > refer the client to somebody else, and "
            "record it",
        ],
    ],
    "contact-attempted": [
        [
            "Staff tried to reach the client at least 2 times over 14 days, without success.",
            "no attempt > try to reach the client, and record each attempt",
        ],
        [
            "Staff tried to reach the client at least 2 times over 14 days, without success.",
            "no attempt since the client was last reached > try to reach the client, "
            "and record each attempt",
        ],
        [
            "Staff tried to reach the client at least 2 times over 14 days, without success.",
            "attempts since 22 March 2026 > go on trying until 5 April 2026, when 14 days have "
            "passed",
        ],
        [
            "Staff tried to reach the client at least 2 times over 14 days, without success.",
            "no attempt since the client was last reached > try to reach the client, "
            "and record each attempt",
        ],
        [
            "Staff tried to reach the client at least 2 times over 14 days, without success.",
            "one attempt since the client was last reached > try to reach the client, "
            "and record each attempt",
        ],
    ],
}
