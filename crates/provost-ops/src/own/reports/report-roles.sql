-- Roles that people have: how many assignments, people and places, by level
select r.shortname as role, x.contextlevel as level, count(*) as assignments,
       count(distinct a.userid) as people, count(distinct a.contextid) as places
  from {role_assignments} a
  join {role} r on r.id = a.roleid
  join {context} x on x.id = a.contextid
 group by r.shortname, x.contextlevel
 order by r.shortname, x.contextlevel
