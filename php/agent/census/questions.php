<?php
// This file is part of Provost
//
// Provost is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Provost is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Provost.  If not, see <http://www.gnu.org/licenses/>.

/**
 * Recipes: the question banks of the course.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
$question = fn(string $column = 'questionid', string $refs = '', array $more = []) => [
    'in' => "$column:question",
    'refs' => "$column:question $refs",
] + $more;
return [
    'question_categories' => [
        'in' => 'contextid:content_context',
        'key' => 'contextid name idnumber',
        'refs' => 'contextid:content_context',
        // Core leaves categories of the highest level with a parent that is none of theirs; which one is no matter.
        'extra' => ['above' => "(SELECT pc.name FROM {question_categories} pc WHERE pc.id = t.parent AND pc.contextid = t.contextid
            AND pc.parent <> 0)"],
        'skip' => ['parent' => 'the name of the category above is compared', 'sortorder' => 'the order among categories', 'stamp' => 'made anew where two would be the same'],
        'blank' => 'idnumber info above',
    ],
    'question_bank_entries' => [
        'in' => 'questioncategoryid:question_categories',
        'key' => 'questioncategoryid idnumber firstname',
        'refs' => 'questioncategoryid:question_categories ownerid:owner',
        'extra' => ['firstname' => '(SELECT MIN(fq.name) FROM {question} fq JOIN {question_versions} fv ON fv.questionid = fq.id
            WHERE fv.questionbankentryid = t.id)'],
        'blank' => 'idnumber',
    ],
    'question_versions' => [
        'in' => 'questionbankentryid:question_bank_entries',
        'refs' => 'questionbankentryid:question_bank_entries questionid:question',
        'extra' => ['name' => '(SELECT nq.name FROM {question} nq WHERE nq.id = t.questionid)'],
        'skip' => ['questionid' => 'compared as the question\'s own row'],
    ],
    'question' => [
        'in' => 'qv.questionbankentryid:question_bank_entries',
        'join' => 'JOIN {question_versions} qv ON qv.questionid = t.id',
        'extra' => ['entry' => 'qv.questionbankentryid', 'version' => 'qv.version'],
        'key' => 'entry version',
        'refs' => 'entry:question_bank_entries parent:question createdby:owner modifiedby:owner',
        'convert' => ['penalty' => 'penalty'],
        'skip' => ['stamp' => 'made anew where two would be the same'],
    ],
    'question_answers' => $question('question', '', ['key' => 'question answer fraction']),
    'question_hints' => $question('questionid', '', ['key' => 'questionid hint']),
    'question_truefalse' => $question('question', 'trueanswer:question_answers falseanswer:question_answers'),
    'qtype_multichoice_options' => $question(),
    'qtype_shortanswer_options' => $question(),
    'qtype_match_options' => $question(),
    'qtype_match_subquestions' => $question('questionid', '', ['key' => 'questionid questiontext answertext']),
    'qtype_essay_options' => $question(),
    'qtype_randomsamatch_options' => $question(),
    'qtype_ordering_options' => $question(),
    'qtype_ddimageortext' => $question(),
    'qtype_ddimageortext_drags' => $question('questionid', '', ['key' => 'questionid no']),
    'qtype_ddimageortext_drops' => $question('questionid'),
    'qtype_ddmarker' => $question(),
    'qtype_ddmarker_drags' => $question(),
    'qtype_ddmarker_drops' => $question(),
    'question_ddwtos' => $question(),
    'question_gapselect' => $question(),
    'question_multianswer' => $question('question', '', ['skip' => ['sequence' => 'numbers of the parts, which are compared']]),
    'question_numerical' => $question('question', 'answer:question_answers'),
    'question_numerical_options' => $question('question'),
    'question_numerical_units' => $question('question'),
    'question_calculated' => $question('question', 'answer:question_answers'),
    'question_calculated_options' => $question('question'),
    'question_datasets' => $question('question', '', ['skip' => ['datasetdefinition' => 'compared as the definition\'s own row']]),
    'question_dataset_definitions' => [
        'in' => 'd.question:question',
        'join' => 'JOIN {question_datasets} d ON d.datasetdefinition = t.id',
        'extra' => ['question' => 'd.question'],
        'key' => 'question name',
        'refs' => 'question:question category:question_categories',
    ],
    'question_dataset_items' => ['in' => 'definition:question_dataset_definitions',
        'refs' => 'definition:question_dataset_definitions'],
    'question_references' => [
        'in' => 'usingcontextid:content_context',
        'refs' => 'usingcontextid:content_context questionbankentryid:question_bank_entries itemid:quiz_slots',
        'extra' => ['slot' => "CASE WHEN t.component = 'mod_quiz' THEN (SELECT rs.slot FROM {quiz_slots} rs WHERE rs.id = t.itemid) END"],
        'skip' => ['itemid' => 'the slot is compared'],
    ],
    'question_set_references' => [
        'in' => 'usingcontextid:content_context',
        'refs' => 'usingcontextid:content_context questionscontextid:content_context',
        'extra' => ['slot' => "CASE WHEN t.component = 'mod_quiz' THEN (SELECT rs.slot FROM {quiz_slots} rs WHERE rs.id = t.itemid) END"],
        'convert' => ['filtercondition' => 'filter'],
        'skip' => ['itemid' => 'the slot is compared'],
    ],
];
